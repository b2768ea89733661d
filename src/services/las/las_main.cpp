// scone-las: the local attestation service. One per machine; turns local reports into quotes.
#include <csignal>
#include <cstdio>
#include <ctime>
#include <mutex>
#include <string>

#include "lib/flags/help_text.h"
#include "lib/text/error_text.h"
#include "services/las/las_options.h"
#include "services/las/quote_service.h"
#include "services/net/tls_listener.h"

namespace {

using scone::las::Options;

constexpr const char* kName = "scone-las " SCONE_VERSION_TEXT;

void log_line(const std::string& text) {
    static std::mutex mutex;
    std::lock_guard lock(mutex);
    char time_text[32] = "";
    std::time_t now = std::time(nullptr);
    std::tm utc{};
    if (gmtime_r(&now, &utc) != nullptr)
        std::strftime(time_text, sizeof time_text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    std::fprintf(stderr, "%s INFO %s\n", time_text, text.c_str());
}

int report(const scone::text::Failure& failure) {
    std::fprintf(stderr, "%s\n", scone::text::error_text("scone-las", failure).c_str());
    return static_cast<int>(failure.exit_code);
}

scone::text::Outcome<void> serve(const Options& options) {
    auto backend = SCONE_TRY(scone::las::open_backend(options.mode, options.state_folder));
    for (const std::string& line : backend->log_lines())
        log_line(line);
    scone::net::EventLoop loop({.connection_threads = 1, .handler_threads = 4});
    scone::net::Listener::Options listen;
    listen.endpoint = options.listen;
    listen.limits.connections = 512;
    listen.limits.connections_per_source = 256;
    listen.limits.message_timeout_ms = 5'000;
    listen.limits.idle_timeout_ms = 30'000;
    auto listener = SCONE_TRY(scone::net::Listener::start(
        loop, listen, scone::las::quote_service(*backend, kName, log_line)));
    loop.stop_on_signals({SIGTERM, SIGINT});
    scone::net::Endpoint bound = options.listen;
    bound.port = listener.port();
    log_line("LAS is listening on " + bound.text());
    loop.run();
    log_line("LAS ends");
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    auto options = scone::las::parse_options({argv + 1, argv + argc});
    if (!options)
        return report(options.error());
    if (options->wants_help) {
        std::fputs(scone::flags::help_text(scone::las::command_table(), "scone-las").c_str(),
                   stdout);
        return 0;
    }
    if (options->wants_version) {
        std::printf("%s\n", kName);
        return 0;
    }
    auto done = serve(*options);
    return done ? 0 : report(done.error());
}
