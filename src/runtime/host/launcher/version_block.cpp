#include "runtime/host/launcher/version_block.h"

#include <cstdlib>

#include "lib/base/hex.h"

namespace scone::launcher {
namespace {

// Variables that SCONE has and this runtime takes without effect.
std::string shown(const char* name, const char* otherwise) {
    const char* value = std::getenv(name);
    return std::string(name) + "=" + (value != nullptr && *value != 0 ? value : otherwise) + "\n";
}
std::string line(const char* name, const std::string& value) {
    return std::string(name) + "=" + value + "\n";
}

const char* dlopen_text(sgx::Dlopen value) {
    switch (value) {
        case sgx::Dlopen::Refused:
            return "no";
        case sgx::Dlopen::Authenticated:
            return "yes (protected)";
        case sgx::Dlopen::Anything:
            return "yes (unprotected)";
    }
    return "no";
}

}  // namespace

std::string hex_text(const sgx::Measurement256& value) {
    std::string text(2 * value.size(), ' ');
    base::hex_encode(value, text);
    return text;
}

std::string version_block(const Options& options, const sgx::Settings& settings, machine::Kind kind,
                          const sgx::Measurement256& mr_enclave, const std::string& libc_line) {
    const char* configuration = std::getenv("SCONE_CONFIG_ID");
    std::string text =
        "[SCONE] Using the following values (default values or specified in the untrusted "
        "environment):\n\n";
    text += shown("SCONE_QUEUES", "1") + shown("SCONE_SLOTS", "256") +
            shown("SCONE_SSPINS", "100") + shown("SCONE_SSLEEP", "4000") +
            shown("SCONE_CONFIG", "<not used>");
    text += line("SCONE_TCS", std::to_string(settings.tcs_count));
    text += line("SCONE_LOG", std::string(level_name(options.log_level)));
    text += line("SCONE_HEAP", std::to_string(settings.heap_size));
    text += shown("SCONE_MIN_HEAP", "0");
    text += line("SCONE_STACK", std::to_string(settings.stack_size));
    text += shown("SCONE_ESPINS", "10000");
    text += line("SCONE_MODE", kind == machine::Kind::Simulated ? "sim" : "hw");
    text += line("SCONE_EDMM_MODE", "enable");
    text += line("SCONE_ALLOW_DLOPEN", dlopen_text(settings.dlopen));
    text += line("SCONE_MPROTECT", settings.mprotect == sgx::Mprotect::Allowed ? "yes" : "no");
    text += line("SCONE_FORK", settings.fork == sgx::Fork::Allowed ? "yes" : "no");
    text += line("SCONE_FORK_OS", "0");
    text += std::string("\nSCONE_CONFIG_ID: ") +
            (configuration != nullptr && *configuration != 0 ? configuration : "<not specified>") +
            "\n\n";
    text += "libc version: " + libc_line + "\n";
    text += "SCONE version: " SCONE_PRODUCT_VERSION "\n";
    text += "Enclave hash: " + hex_text(mr_enclave) + "\n";
    return text;
}

}  // namespace scone::launcher
