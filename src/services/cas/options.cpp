#include "services/cas/options.h"

#include <charconv>

#include "lib/base/result.h"
#include "lib/flags/parse_flags.h"
#include "services/cas/config_file.h"

namespace scone::cas {
namespace {

using text::ExitCode;
using text::failure;
using text::Outcome;

Outcome<void> set_rate(Options& options, const std::string& value) {
    double rate = 0;
    auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), rate);
    if (error != std::errc() || end != value.data() + value.size() || !(rate >= 0 && rate < 1e9))
        return failure(ExitCode::Usage,
                       "option '--connections-per-second' expects a number, got '" + value + "'");
    options.handshakes_per_second = rate;
    options.handshake_burst = 2 * rate;
    return {};
}

Outcome<void> set_listener(const char* flag, net::Endpoint& place, const std::string& value,
                           uint16_t port) {
    auto parsed = net::parse_endpoint(value, port);
    if (!parsed)
        return failure(ExitCode::Usage,
                       std::string("option '--") + flag + "': " + parsed.error().what);
    place = std::move(*parsed);
    return {};
}

// One line per option, in the order in which they take effect: the file first, so that the others
// win wherever it stands.
struct Row {
    flags::Flag flag;
    Outcome<void> (*apply)(Options& options, const std::string& value);
};
constexpr Row kRows[] = {
    {{.name = "config",
      .letter = 'c',
      .kind = flags::FlagKind::Value,
      .value = "FILE",
      .help = "cas.toml; options on the command line win"},
     [](Options& options, const std::string& value) { return apply_config_file(value, options); }},
    {{.name = "state",
      .letter = 's',
      .kind = flags::FlagKind::Value,
      .value = "DIR",
      .help = "folder of everything that is kept",
      .default_value = "/var/lib/scone/cas"},
     [](Options& options, const std::string& value) -> Outcome<void> {
         options.state = value;
         return {};
     }},
    {{.name = "listen-api",
      .kind = flags::FlagKind::Value,
      .value = "ADDR:PORT",
      .help = "where people and tools connect",
      .default_value = "0.0.0.0:8081"},
     [](Options& options, const std::string& value) {
         return set_listener("listen-api", options.api, value, net::kCasApiPort);
     }},
    {{.name = "listen-enclave",
      .kind = flags::FlagKind::Value,
      .value = "ADDR:PORT",
      .help = "where enclaves connect",
      .default_value = "0.0.0.0:18765"},
     [](Options& options, const std::string& value) {
         return set_listener("listen-enclave", options.enclaves, value, net::kCasEnclavePort);
     }},
    {{.name = "listen-metrics",
      .kind = flags::FlagKind::Value,
      .value = "ADDR:PORT",
      .help = "Prometheus metrics over plain HTTP",
      .default_value = "off"},
     [](Options& options, const std::string& value) {
         options.metrics.emplace();
         return set_listener("listen-metrics", *options.metrics, value, kMetricsPort);
     }},
    {{.name = "collateral",
      .kind = flags::FlagKind::Value,
      .value = "DIR",
      .help = "Intel's collateral for quotes of real enclaves; these are refused without it"},
     [](Options& options, const std::string& value) -> Outcome<void> {
         options.collateral = value;
         return {};
     }},
    {{.name = "allow-simulation",
      .help = "INSECURE: accept simulated enclaves where the policy tolerates debug-mode; they "
              "protect nothing"},
     [](Options& options, const std::string&) -> Outcome<void> {
         options.simulation = Simulation::InsecureAllowed;
         return {};
     }},
    {{.name = "alt-name",
      .kind = flags::FlagKind::Repeated,
      .value = "NAME",
      .help = "further DNS name or address of the TLS certificate"},
     [](Options& options, const std::string& value) -> Outcome<void> {
         options.names.add(value);
         return {};
     }},
    {{.name = "connections-per-second",
      .kind = flags::FlagKind::Value,
      .value = "N",
      .help = "limit for each source address, twice that as a burst; 0 for none",
      .default_value = "200"},
     set_rate},
    {{.name = "version", .letter = 'V', .help = "print the version and end", .alone = true},
     [](Options& options, const std::string&) -> Outcome<void> {
         options.wants_version = true;
         return {};
     }},
};

flags::Command make_table() {
    flags::Command table{
        .name = "scone-cas",
        .about =
            "Keeps policies and secrets, attests services, and gives them their "
            "configuration.",
        .examples = {{"scone-cas", "With its state in /var/lib/scone/cas, for all addresses:"},
                     {"scone-cas --allow-simulation --state=./cas --listen-api=127.0.0.1:8081 "
                      "--listen-enclave=127.0.0.1:18765",
                      "To try it out, on this machine only:"}}};
    for (const Row& row : kRows)
        table.flags.push_back(row.flag);
    return table;
}

}  // namespace

const flags::Command& command_table() {
    static const flags::Command table = make_table();
    return table;
}

Outcome<Options> read_options(std::span<const std::string> words) {
    const auto parsed = SCONE_TRY(
        flags::parse_flags(command_table(), words, [](std::string_view) { return std::nullopt; }));
    Options options;
    options.wants_help = parsed.help_wanted;
    for (const Row& row : kRows) {
        if (row.flag.kind == flags::FlagKind::Repeated) {
            for (const std::string& value : parsed.values(row.flag.name))
                SCONE_TRY(row.apply(options, value));
        } else if (parsed.given(row.flag.name)) {
            SCONE_TRY(row.apply(options, parsed.value_or(row.flag.name, "")));
        }
    }
    return options;
}

}  // namespace scone::cas
