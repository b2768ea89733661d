// starter: stands in a converted image at the place of its program and runs that in an enclave.
//
// Reads /opt/scone/{enclave.img,settings,sigstruct,plans}; SCONE_IMAGE_FOLDER names another folder.
// Whoever can change that variable can change those files as well: all is checked inside or by CAS.
#include <cstdlib>

#include "lib/sgx/architecture.h"
#include "runtime/host/launcher/mapped_file.h"
#include "runtime/host/launcher/run_main.h"

namespace {

using namespace scone;
using namespace scone::launcher;

// Run-time settings cannot change what was signed: say so instead of failing later.
void warn_of_differences(const Options& options, const sgx::Settings& measured) {
    auto warn = [](const char* name) {
        log(Level::Warning,
            std::string(name) + " differs from the measured settings of this image and is ignored");
    };
    if (options.heap_size && *options.heap_size != measured.heap_size)
        warn("SCONE_HEAP");
    if (options.stack_size && *options.stack_size != measured.stack_size)
        warn("SCONE_STACK");
    if (options.tcs_count && *options.tcs_count != measured.tcs_count)
        warn("SCONE_TCS");
    if (options.dlopen && *options.dlopen != measured.dlopen)
        warn("SCONE_ALLOW_DLOPEN");
    if (options.mprotect && *options.mprotect != measured.mprotect)
        warn("SCONE_MPROTECT");
    if (options.fork && *options.fork != measured.fork)
        warn("SCONE_FORK");
}

text::Outcome<int> run(const Options& options, int argc, char** argv) {
    const char* variable = std::getenv("SCONE_IMAGE_FOLDER");
    std::string folder = variable != nullptr && *variable != 0 ? variable : "/opt/scone";
    MappedFile image = SCONE_TRY(MappedFile::open(folder + "/enclave.img"));
    MappedFile settings = SCONE_TRY(MappedFile::open(folder + "/settings"));
    MappedFile sigstruct = SCONE_TRY(MappedFile::open(folder + "/sigstruct"));
    auto plans = MappedFile::open(folder + "/plans");  // may be absent
    auto page = sgx::decode_settings(settings.bytes());
    if (!page)
        return text::failure(text::ExitCode::RuntimeFatal,
                             folder + "/settings: " + page.error().text);
    warn_of_differences(options, page->settings());
    Start start;
    start.image = &image;
    start.settings = settings.bytes();
    if (plans)
        start.plans = plans->bytes();
    page->for_each_file([&](const sgx::MeasuredFile& file) {
        if (file.role == sgx::FileRole::Program)
            start.program_path = file.path;
    });
    start.arguments.assign(argv, argv + argc);
    start.libc_line = "the program's own";
    start.sigstruct = [&](const sgx::Measurement256&) -> text::Outcome<std::vector<uint8_t>> {
        base::Bytes bytes = sigstruct.bytes();
        return std::vector<uint8_t>(bytes.begin(), bytes.end());
    };
    return start_enclave(options, start);
}

}  // namespace

int main(int argc, char** argv) {
    auto options = options_from_environment();
    if (!options)
        return report_fatal(options.error());
    set_log_level(options->log_level);
    auto status = run(*options, argc, argv);
    return status ? *status : report_fatal(status.error());
}
