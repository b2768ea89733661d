// scone-run: runs a program of the host in an enclave, with the host's files.
#include <cstdio>

#include "lib/aead/host_cpu.h"
#include "lib/elf/dependencies.h"
#include "lib/flags/help_text.h"
#include "lib/x86_plans/plan_builder.h"
#include "runtime/host/launcher/mapped_file.h"
#include "runtime/host/launcher/program.h"
#include "runtime/host/launcher/run_main.h"
#include "runtime/host/launcher/run_options.h"
#include "runtime/host/launcher/sigstruct_store.h"

namespace {

using namespace scone;
using namespace scone::launcher;

// What scone-run is for: any program of the host, its files unprotected.
sgx::Settings development_settings() {
    sgx::Settings settings;
    settings.dlopen = sgx::Dlopen::Anything;
    settings.mprotect = sgx::Mprotect::Allowed;
    return settings;
}

text::Outcome<std::vector<uint8_t>> encode(const sgx::Settings& settings,
                                           const std::vector<ClosureFile>& closure) {
    std::vector<sgx::MeasuredFile> files;
    for (const ClosureFile& file : closure)
        files.push_back({file.role, file.path, file.plan.digest});
    std::vector<uint8_t> pages(sgx::kMaxSettingsSize);
    auto size = sgx::encode_settings(settings, files, pages);
    if (!size)
        return text::failure(text::ExitCode::RuntimeFatal,
                             std::string("settings cannot be used: ") + size.error().text + " (" +
                                 std::to_string(size.error().number) + ")",
                             "making the measured settings");
    pages.resize(*size);
    return pages;
}

std::vector<uint8_t> plans_of(const std::vector<ClosureFile>& closure) {
    std::vector<x86_plans::FilePlan> plans;
    for (const ClosureFile& file : closure)
        plans.push_back(file.plan);
    return x86_plans::make_plan_set(plans);
}

std::string libc_of(const std::string& path) {
    auto file = MappedFile::open(path);
    if (!file)
        return "unknown";
    auto reader = elf::Reader::open(file->bytes());
    if (!reader)
        return "unknown";
    auto found = elf::read_dependencies(*reader);
    if (!found || found->libc == elf::LibC::None)
        return "the program's own (static)";
    return "the program's own (" + std::string(elf::libc_name(found->libc)) + ")";
}

text::Outcome<int> run(const Options& options, const std::vector<std::string>& command) {
    Program program = SCONE_TRY(find_program(command));
    std::string image_path =
        options.image_path.empty() ? SCONE_TRY(find_image()) : options.image_path;
    MappedFile image = SCONE_TRY(MappedFile::open(image_path));
    auto closure = SCONE_TRY(program_closure(program.path));
    std::vector<uint8_t> plans = plans_of(closure);
    sgx::Settings wanted = apply(options, development_settings());
    wanted.plan_digest = aead::sha256(plans, aead::host_sha256());
    auto settings = SCONE_TRY(encode(wanted, closure));
    Start start;
    start.plans = plans;
    start.image = &image;
    start.settings = settings;
    start.program_path = program.path;
    start.arguments = program.arguments;
    if (options.show_version)
        start.libc_line = libc_of(program.path);
    start.sigstruct = [](const sgx::Measurement256& mr_enclave) {
        return debug_sigstruct(mr_enclave, own_folder());
    };
    return start_enclave(options, start);
}

int usage_error(const text::Failure& failure) {
    std::fprintf(stderr, "scone-run: %s\n  try:   %s\n", failure.what.c_str(),
                 failure.next.empty() ? "scone-run --help" : failure.next.c_str());
    return static_cast<int>(failure.exit_code);
}

}  // namespace

int main(int argc, char** argv) {
    auto variables = options_from_environment();
    if (!variables)
        return report_fatal(variables.error());
    set_log_level(variables->log_level);
    auto wanted = read_run_options(*variables, std::vector<std::string>(argv + 1, argv + argc));
    if (!wanted)
        return usage_error(wanted.error());
    if (wanted->wants_help) {
        std::fputs(flags::help_text(run_command(), run_command().name).c_str(), stdout);
        return 0;
    }
    if (wanted->wants_version) {
        std::puts("scone-run " SCONE_VERSION_TEXT);
        return 0;
    }
    auto status = run(wanted->options, wanted->command);
    return status ? *status : report_fatal(status.error());
}
