// scone-cas: the configuration and attestation service.
#include <sys/prctl.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>

#include "services/cas/options.h"
#include "services/cas/server.h"

namespace {

// No secret in a core file, and no debugger of another user.
void protect_memory() {
    rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    signal(SIGPIPE, SIG_IGN);
}

int report(const scone::text::Failure& failure) {
    std::fprintf(stderr, "scone-cas: %s\n", failure.what.c_str());
    if (!failure.doing.empty())
        std::fprintf(stderr, "  while: %s\n", failure.doing.c_str());
    if (!failure.next.empty())
        std::fprintf(stderr, "  try:   %s\n", failure.next.c_str());
    return static_cast<int>(failure.exit_code);
}

}  // namespace

int main(int count, char** arguments) {
    protect_memory();
    auto options = scone::cas::read_options({arguments + 1, static_cast<size_t>(count - 1)});
    if (!options)
        return report(options.error());
    if (options->wants_help) {
        std::fputs(scone::cas::kUsage, stdout);
        return 0;
    }
    if (options->wants_version) {
        std::printf("scone-cas %s\n", scone::cas::kVersion);
        return 0;
    }
    auto done = scone::cas::run_server(*options);
    return done ? 0 : report(done.error());
}
