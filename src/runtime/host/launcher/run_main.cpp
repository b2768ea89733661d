#include "runtime/host/launcher/run_main.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "lib/aead/host_cpu.h"
#include "lib/sgx/measurement.h"
#include "runtime/host/launcher/enclave_builder.h"
#include "runtime/host/launcher/launch_info.h"
#include "runtime/host/launcher/version_block.h"
#include "runtime/host/service/enclave_process.h"

extern char** environ;

namespace scone::launcher {
namespace {

using text::ExitCode;
using text::Outcome;

void write_text(int descriptor, const std::string& text) {
    [[maybe_unused]] ssize_t written = write(descriptor, text.data(), text.size());
}

Outcome<int> print_hash(const Start& start) {
    auto measured = sgx::measure_enclave(start.image->bytes(), start.settings, aead::host_sha256());
    if (!measured)
        return text::failure(ExitCode::RuntimeFatal,
                             std::string("cannot measure the enclave: ") + measured.error().text);
    write_text(1, hex_text(*measured) + "\n");
    return 0;
}

std::vector<std::string> environment() {
    std::vector<std::string> variables;
    for (char** at = environ; *at != nullptr; at++)
        variables.emplace_back(*at);
    return variables;
}

std::string working_directory() {
    char* current = get_current_dir_name();
    std::string path = current != nullptr ? current : "/";
    std::free(current);
    return path;
}

void announce_simulation() {
    log(Level::Warning,
        "Application runs in SGX simulation mode. Its memory can be read by the untrusted system! "
        "This is not secure!");
}

}  // namespace

Outcome<int> start_enclave(const Options& options, const Start& start) {
    if (options.show_hash)
        return print_hash(start);
    auto opened = machine::open_machine(options.mode);
    if (!opened) {
        log(Level::Error, opened.error().what);
        return static_cast<int>(opened.error().exit_code);
    }
    machine::Machine* machine = *opened;
    machine->offer_file(start.image->bytes(), start.image->descriptor());
    BuiltEnclave built = SCONE_TRY(build_enclave(*machine, start.image->bytes(), start.settings));
    auto sigstruct = SCONE_TRY(start.sigstruct(built.mr_enclave));
    SCONE_TRY(machine->init(sigstruct));
    if (options.show_version) {
        auto settings = sgx::decode_settings(start.settings);
        if (settings)
            write_text(2, version_block(options, settings->settings(), machine->kind(),
                                        built.mr_enclave, start.libc_line));
    }
    if (machine->kind() == machine::Kind::Simulated)
        announce_simulation();
    LaunchContent content;
    content.arguments = start.arguments;
    content.environment = environment();
    content.program_path = start.program_path;
    content.working_directory = working_directory();
    content.plans = start.plans;
    content.sigstruct = sigstruct;
    content.machine = static_cast<uint32_t>(machine->kind());
    content.xsave_features = usable_xfrm();
    content.signals = service::read_initial_signals();
    // The program must not find our descriptor among its own.
    start.image->close();
    // The enclave copies it while this function waits in run_enclave().
    std::vector<uint64_t> words = encode_launch_info(content);
    return std::unexpected(service::run_enclave(machine, built.layout.first_slot, bytes_of(words)));
}

int report_fatal(const text::Failure& failure, const std::source_location& where) {
    std::string line = failure.what;
    if (!failure.doing.empty())
        line += " (while " + failure.doing + ")";
    if (!failure.next.empty())
        line += "; " + failure.next;
    log(Level::Fatal, line, where);
    return static_cast<int>(ExitCode::RuntimeFatal);
}

std::string own_folder() {
    char path[4096];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path);
    std::string text(path, size > 0 ? static_cast<size_t>(size) : 0);
    return text.substr(0, text.rfind('/'));
}

Outcome<std::string> find_image() {
    std::string folder = own_folder();
    for (const std::string& candidate :
         {folder + "/enclave.img", folder + "/../enclave.img", folder + "/../lib/scone/enclave.img",
          std::string("/usr/lib/scone/enclave.img"), std::string("/opt/scone/enclave.img")})
        if (access(candidate.c_str(), R_OK) == 0)
            return candidate;
    return text::failure(ExitCode::NotFound, "no enclave image beside " + folder +
                                                 " nor in /usr/lib/scone and /opt/scone");
}

}  // namespace scone::launcher
