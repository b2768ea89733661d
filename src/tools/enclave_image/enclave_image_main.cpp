// enclave_image: makes the linked static-PIE of the runtime ready to be measured and loaded.
//
// Steps: relocate for the fixed base; rewrite syscall and cpuid sites; check and note the enclu
// slots; check that nothing stays that an enclave cannot execute, but what the list allows.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "lib/flags/help_text.h"
#include "lib/flags/parse_flags.h"
#include "lib/sgx/enclave_layout.h"
#include "tools/cli/error_report.h"
#include "tools/cli/words.h"
#include "tools/enclave_image/allow_list.h"
#include "tools/enclave_image/deferred_pages.h"
#include "tools/enclave_image/notes.h"
#include "tools/enclave_image/relocations.h"
#include "tools/enclave_image/site_patcher.h"

namespace scone::enclave_image {
namespace {

const flags::Command kCommand{
    .name = "enclave_image",
    .about = "Makes a linked static-PIE ready to be loaded into an enclave.",
    .flags = {{.name = "in",
               .kind = flags::FlagKind::Value,
               .value = "FILE",
               .help = "The linked static-PIE, with its symbol table."},
              {.name = "out",
               .kind = flags::FlagKind::Value,
               .value = "FILE",
               .help = "Where the finished image goes."},
              {.name = "allow",
               .kind = flags::FlagKind::Value,
               .value = "FILE",
               .help = "Instructions that may stay: lines of KIND FUNCTION REASON."},
              {.name = "base",
               .kind = flags::FlagKind::Value,
               .value = "ADDRESS",
               .help = "Address at which the image will lie, in hexadecimal.",
               .default_value = "f80000000"}},
};

text::Outcome<std::vector<uint8_t>> read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::vector<uint8_t> bytes((std::istreambuf_iterator<char>(in)), {});
    if (!in)
        return text::failure(text::ExitCode::NotFound, fmt::format("cannot read '{}'", path));
    return bytes;
}

text::Outcome<void> write_file(const std::string& path, const std::vector<uint8_t>& bytes) {
    // Under another name first: an enclave may be running from the old file.
    const std::string fresh = path + ".new";
    std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
    out.close();
    if (!out || std::rename(fresh.c_str(), path.c_str()) != 0)
        return text::failure(text::ExitCode::Failed, fmt::format("cannot write '{}'", path));
    return {};
}

text::Outcome<uint64_t> parse_base(const std::string& text) {
    const std::string_view digits = std::string_view(text).substr(text.starts_with("0x") ? 2 : 0);
    uint64_t base = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), base, 16);
    if (error != std::errc{} || end != digits.data() + digits.size() ||
        base % sgx::kPageSize != 0 || base > elf::kMaxVirtualAddress)
        return text::failure(
            text::ExitCode::Usage,
            fmt::format("--base: expected a page address in hexadecimal, got '{}'", text));
    return base;
}

text::Outcome<void> refuse_undefined(const Image& image) {
    constexpr uint8_t kSTB_GLOBAL = 1;
    for (const Image::Symbol& symbol : image.symbols()) {
        if (!symbol.defined && symbol.binding == kSTB_GLOBAL && !symbol.name.empty())
            return std::unexpected(bad_image(fmt::format("undefined symbol {}", symbol.name)));
    }
    return {};
}

// Collects what may not stay, so that one run names all of it.
class Remainder {
  public:
    Remainder(const Image& image, AllowList& list) : image_(image), list_(list) {}

    void check(std::string_view kind, uint64_t address) {
        const std::string place = image_.place(address);
        if (const Allowed* allowed = list_.find(kind, image_.function_at(address)))
            fmt::print("left: {} at {}: {}\n", kind, place, allowed->reason);
        else
            refused_ += fmt::format("{}{} at {}", refused_.empty() ? "" : ", ", kind, place);
    }
    text::Outcome<void> finish() const {
        if (!refused_.empty())
            return text::failure(text::ExitCode::InvalidInput,
                                 "an enclave cannot execute what stays: " + refused_,
                                 "checking the finished image",
                                 "add a line KIND FUNCTION REASON to the --allow file");
        for (const Allowed& entry : list_.entries()) {
            if (!entry.used)
                fmt::print("note: the image has no {} left in {}, which the list allows\n",
                           entry.kind, entry.function);
        }
        return {};
    }

  private:
    const Image& image_;
    AllowList& list_;
    std::string refused_;
};

std::string_view kind_name(x86::SiteKind kind) {
    return kind == x86::SiteKind::Syscall ? "syscall" : "cpuid";
}

void print_classes(const PatchReport& report, x86::SiteKind kind) {
    size_t count[6] = {};
    for (const x86::Site& site : report.patched)
        count[static_cast<size_t>(site.site_class)] += site.kind == kind;
    size_t left = 0;
    for (const x86::Site& site : report.left)
        left += site.kind == kind;
    fmt::print("{}: {} rewritten ({} previous, {} previous several, {} mixed, {} next), {} left\n",
               kind_name(kind), count[1] + count[2] + count[3] + count[4], count[1], count[2],
               count[3], count[4], left);
}

text::Outcome<void> run(const flags::ParsedCommand& command) {
    const std::string in = command.value_or("in", "");
    const std::string out = command.value_or("out", "");
    if (in.empty() || out.empty())
        return text::failure(text::ExitCode::Usage, "--in and --out are needed");
    const uint64_t base = SCONE_TRY(parse_base(command.value_or("base", "")));
    AllowList allowed;
    if (const auto path = command.value("allow")) {
        const std::vector<uint8_t> text = SCONE_TRY(read_file(*path));
        allowed = SCONE_TRY(AllowList::parse(base::as_text(text)));
    }

    Image image = SCONE_TRY(Image::open(SCONE_TRY(read_file(in))));
    SCONE_TRY(refuse_undefined(image));
    const std::vector<uint64_t> slots = SCONE_TRY(enclu_slots(image));
    // Sites first: their analysis reads pointers as the linker left them.
    const PatchReport report = SCONE_TRY(patch_sites(image, base));
    const RelocationCount relocated = SCONE_TRY(apply_relocations(image, base));

    Remainder remainder(image, allowed);
    std::vector<uint64_t> cpuid_left;
    for (const x86::Site& site : SCONE_TRY(remaining_sites(image))) {
        remainder.check(kind_name(site.kind), site.address);
        if (site.kind == x86::SiteKind::Cpuid)
            cpuid_left.push_back(site.address);
    }
    for (const uint64_t address : stray_enclu(image, slots))
        remainder.check("enclu", address);
    SCONE_TRY(remainder.finish());
    const sgx::DeferredPages deferred = SCONE_TRY(find_deferred_pages(image));
    SCONE_TRY(write_notes(image, base, slots, cpuid_left, deferred));
    const uint64_t deferred_count = SCONE_TRY(write_deferred_digest(image, deferred));
    SCONE_TRY(write_file(out, image.bytes()));

    fmt::print("base {:#x}: {} relocations applied, {} left to the C library\n", base,
               relocated.applied, relocated.left_to_libc);
    print_classes(report, x86::SiteKind::Syscall);
    print_classes(report, x86::SiteKind::Cpuid);
    fmt::print("trampolines: {} of {} slots used\nenclu: {} slots\n", report.patched.size(),
               report.slot_count, slots.size());
    fmt::print("deferred: {} pages in {} ranges\n", deferred_count, deferred.count);
    return {};
}

}  // namespace
}  // namespace scone::enclave_image

int main(int argc, char** argv) {
    using namespace scone;
    const std::vector<std::string> words = cli::words_of(argc, argv);
    const auto command =
        flags::parse_flags(enclave_image::kCommand, words, cli::process_environment);
    if (!command)
        return cli::report("enclave_image", command.error(), cli::colour_for(stderr));
    if (command->help_wanted) {
        fmt::print("{}", flags::help_text(enclave_image::kCommand, "enclave_image"));
        return 0;
    }
    const auto done = enclave_image::run(*command);
    if (!done)
        return cli::report("enclave_image", done.error(), cli::colour_for(stderr));
    return 0;
}
