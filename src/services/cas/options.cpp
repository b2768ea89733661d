#include "services/cas/options.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "lib/base/result.h"
#include "services/cas/config_file.h"

namespace scone::cas {
namespace {

using text::ExitCode;
using text::failure;
using text::Outcome;

enum class Takes : uint8_t { Value, Nothing };

struct Flag {
    const char* name;
    const char* short_name;
    Takes takes;
    Outcome<void> (*apply)(Options& options, const std::string& value);
};

Outcome<void> set_endpoint(net::Endpoint& place, const std::string& value, uint16_t port) {
    place = SCONE_TRY(net::parse_endpoint(value, port));
    return {};
}

Outcome<void> set_rate(Options& options, const std::string& value) {
    double rate = 0;
    auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), rate);
    if (error != std::errc() || end != value.data() + value.size() || !(rate >= 0 && rate < 1e9))
        return failure(ExitCode::Usage,
                       "'" + value + "' is not a number of connections per second");
    options.handshakes_per_second = rate;
    options.handshake_burst = 2 * rate;
    return {};
}

constexpr const char* kConfigFlag = "--config";

constexpr Flag kFlags[] = {
    {kConfigFlag, "-c", Takes::Value,
     [](Options& options, const std::string& value) { return apply_config_file(value, options); }},
    {"--state", "-s", Takes::Value,
     [](Options& options, const std::string& value) -> Outcome<void> {
         options.state = value;
         return {};
     }},
    {"--listen-api", "", Takes::Value,
     [](Options& options, const std::string& value) {
         return set_endpoint(options.api, value, net::kCasApiPort);
     }},
    {"--listen-enclave", "", Takes::Value,
     [](Options& options, const std::string& value) {
         return set_endpoint(options.enclaves, value, net::kCasEnclavePort);
     }},
    {"--listen-metrics", "", Takes::Value,
     [](Options& options, const std::string& value) {
         options.metrics.emplace();
         return set_endpoint(*options.metrics, value, kMetricsPort);
     }},
    {"--allow-simulation", "", Takes::Nothing,
     [](Options& options, const std::string&) -> Outcome<void> {
         options.simulation = Simulation::InsecureAllowed;
         return {};
     }},
    {"--collateral", "", Takes::Value,
     [](Options& options, const std::string& value) -> Outcome<void> {
         options.collateral = value;
         return {};
     }},
    {"--alt-name", "", Takes::Value,
     [](Options& options, const std::string& value) -> Outcome<void> {
         options.names.add(value);
         return {};
     }},
    {"--connections-per-second", "", Takes::Value, set_rate},
    {"--help", "-h", Takes::Nothing,
     [](Options& options, const std::string&) -> Outcome<void> {
         options.wants_help = true;
         return {};
     }},
    {"--version", "-V", Takes::Nothing,
     [](Options& options, const std::string&) -> Outcome<void> {
         options.wants_version = true;
         return {};
     }},
};

struct Given {
    const Flag* flag;
    std::string value;
};

// "--name value" or "--name=value".
Outcome<Given> take_flag(std::span<char* const>& arguments) {
    std::string word = arguments.front();
    arguments = arguments.subspan(1);
    size_t equals = word.starts_with("--") ? word.find('=') : std::string::npos;
    std::string name = word.substr(0, equals);
    for (const Flag& flag : kFlags) {
        if (name != flag.name && name != flag.short_name)
            continue;
        if (flag.takes == Takes::Nothing) {
            if (equals != std::string::npos)
                return failure(ExitCode::Usage, name + " takes no value");
            return Given{&flag, {}};
        }
        if (equals != std::string::npos)
            return Given{&flag, word.substr(equals + 1)};
        if (arguments.empty())
            return failure(ExitCode::Usage, name + " needs a value");
        Given given{&flag, arguments.front()};
        arguments = arguments.subspan(1);
        return given;
    }
    return failure(ExitCode::Usage, "unknown option '" + word + "'", {}, "scone-cas --help");
}

}  // namespace

const char* const kUsage =
    "usage: scone-cas [OPTIONS]\n"
    "\n"
    "Keeps policies and secrets, attests services, and gives them their configuration.\n"
    "\n"
    "  -c, --config FILE            cas.toml; options on the command line win\n"
    "  -s, --state DIR              state folder (default /var/lib/scone/cas)\n"
    "      --listen-api ADDR:PORT   client API (default 0.0.0.0:8081)\n"
    "      --listen-enclave ADDR:PORT\n"
    "                               port for enclaves (default 0.0.0.0:18765)\n"
    "      --listen-metrics ADDR:PORT\n"
    "                               Prometheus metrics over plain HTTP (default off)\n"
    "      --collateral DIR         Intel's collateral for quotes of real enclaves\n"
    "      --allow-simulation       INSECURE: accept simulated enclaves where the policy\n"
    "                               tolerates debug-mode; they protect nothing\n"
    "      --alt-name NAME          further DNS name or address of the TLS certificate\n"
    "      --connections-per-second N\n"
    "                               limit for each source address (default 200; 0: none)\n"
    "  -h, --help                   this text\n"
    "  -V, --version                the version\n";

// The file first, wherever its option stands, so that the other options win.
Outcome<Options> read_options(std::span<char* const> arguments) {
    std::vector<Given> all;
    while (!arguments.empty())
        all.push_back(SCONE_TRY(take_flag(arguments)));
    std::ranges::stable_partition(
        all, [](const Given& given) { return given.flag->name == std::string_view(kConfigFlag); });
    Options options;
    for (const Given& given : all)
        SCONE_TRY(given.flag->apply(options, given.value));
    return options;
}

}  // namespace scone::cas
