#include "tools/enclave_image/site_patcher.h"

#include <fmt/format.h>

#include "lib/base/checked.h"
#include "lib/x86/trampoline.h"
#include "tools/enclave_image/jump_sources.h"

namespace scone::enclave_image {
namespace {

constexpr size_t kMaxSites = 65536;
constexpr std::string_view kSyscallEntry = "scone_provisioning_syscall_entry";
constexpr std::string_view kCpuidEntry = "scone_provisioning_cpuid_entry";

text::Failure failed_at(const Image& image, const x86::Site& site,
                        const x86::TrampolineError& error) {
    return {text::ExitCode::InvalidInput,
            fmt::format("{}: {}", image.place(site.address), error.text),
            "rewriting system calls of the image",
            {}};
}

struct Slots {
    uint64_t address = 0;
    base::MutableBytes bytes;
    size_t used = 0;

    size_t count() const { return bytes.size() / x86::kSlotSize; }
};

text::Outcome<Slots> reserved_slots(Image& image) {
    Image::Area area = SCONE_TRY(image.section(".scone.trampolines"));
    if (area.address % x86::kSlotSize != 0 ||
        image.code_at(area.address, area.bytes.size()) == nullptr)
        return std::unexpected(
            bad_image("section .scone.trampolines is not executable or not aligned to 64 bytes"));
    return Slots{area.address, area.bytes};
}

text::Outcome<void> patch_one(Image& image, const x86::Site& site, uint64_t image_base,
                              uint64_t entry, Slots& slots) {
    if (slots.used == slots.count())
        return std::unexpected(bad_image(
            fmt::format("more sites than the {} slots of .scone.trampolines", slots.count())));
    const size_t slot_offset = slots.used * x86::kSlotSize;
    const uint64_t slot_address = image_base + slots.address + slot_offset;
    const base::MutableBytes original =
        image.at(site.replaced_start(), site.resume_address() - site.replaced_start());
    const auto slot = slots.bytes.subspan(slot_offset).first<x86::kSlotSize>();
    const auto written = x86::write_slot(site, image_base, original, slot_address,
                                         x86::Destination::address(image_base + entry), slot);
    if (!written)
        return std::unexpected(failed_at(image, site, written.error()));

    base::ByteArray<x86::kMaxMovedBefore + 24> jump;
    const auto jump_size = x86::write_jump(site, image_base, slot_address, jump);
    if (!jump_size)
        return std::unexpected(failed_at(image, site, jump_size.error()));
    base::copy_bytes(original, base::Bytes(jump).first(*jump_size));
    if (site.keeps_site()) {
        original[site.moved_before] = 0x0F;  // ud2
        original[site.moved_before + 1u] = 0x0B;
    }
    ++slots.used;
    return {};
}

}  // namespace

text::Outcome<std::vector<x86::Site>> remaining_sites(const Image& image) {
    std::vector<uint8_t> scratch(x86::scratch_size(image.segments()));
    std::vector<x86::Site> sites(kMaxSites);
    const auto count = x86::find_sites(image.segments(), x86::WantedSites::SyscallAndCpuidBySymbols,
                                       scratch, sites);
    if (!count)
        return std::unexpected(bad_image(count.error().text));
    sites.resize(*count);
    // Tables that stand among the code are no instructions, whatever their bytes look like.
    std::erase_if(sites, [&](const x86::Site& site) { return image.is_data(site.address); });
    return sites;
}

text::Outcome<PatchReport> patch_sites(Image& image, uint64_t image_base) {
    Slots slots = SCONE_TRY(reserved_slots(image));
    const uint64_t syscall_entry = SCONE_TRY(image.address_of(kSyscallEntry));
    const uint64_t cpuid_entry = SCONE_TRY(image.address_of(kCpuidEntry));
    PatchReport report{.patched = {}, .left = {}, .slot_count = slots.count()};
    for (const x86::Site& site : SCONE_TRY(remaining_sites(image))) {
        // Whoever jumps straight to the two bytes must still find them, and an entry must not be
        // led to itself.
        const std::string function = image.function_at(site.address);
        const bool possible =
            site.site_class != x86::SiteClass::Trap && function != kSyscallEntry &&
            function != kCpuidEntry &&
            !(site.keeps_site() && site.jumped_to && something_jumps_to(image, site.address));
        if (!possible) {
            report.left.push_back(site);
            continue;
        }
        const uint64_t entry = site.kind == x86::SiteKind::Syscall ? syscall_entry : cpuid_entry;
        SCONE_TRY(patch_one(image, site, image_base, entry, slots));
        report.patched.push_back(site);
    }
    return report;
}

}  // namespace scone::enclave_image
