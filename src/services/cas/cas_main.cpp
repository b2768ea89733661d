// scone-cas: the configuration and attestation service.
#include <sys/prctl.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>

#include "lib/flags/help_text.h"
#include "lib/text/error_text.h"
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
    std::fprintf(stderr, "%s\n", scone::text::error_text("scone-cas", failure).c_str());
    return static_cast<int>(failure.exit_code);
}

}  // namespace

int main(int count, char** arguments) {
    protect_memory();
    auto options =
        scone::cas::read_options(std::vector<std::string>(arguments + 1, arguments + count));
    if (!options)
        return report(options.error());
    if (options->wants_help) {
        std::fputs(scone::flags::help_text(scone::cas::command_table(), "scone-cas").c_str(),
                   stdout);
        return 0;
    }
    if (options->wants_version) {
        std::printf("scone-cas %s\n", scone::cas::kVersion);
        return 0;
    }
    auto done = scone::cas::run_server(*options);
    return done ? 0 : report(done.error());
}
