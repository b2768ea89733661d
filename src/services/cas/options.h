// What scone-cas is started with: command line first, then cas.toml, then defaults.
//
// Side:   host
// Errors: Usage (unknown option, malformed value), InvalidInput (cas.toml, with line and column)
// Source: docs/how-to/operate-cas.md
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "lib/flags/flag.h"
#include "services/cas/authority.h"
#include "services/net/endpoint.h"

namespace scone::cas {

enum class Simulation : uint8_t { Refused, InsecureAllowed };

inline constexpr uint16_t kMetricsPort = 9090;

struct Options {
    std::filesystem::path state = "/var/lib/scone/cas";
    net::Endpoint api{"0.0.0.0", net::kCasApiPort};
    net::Endpoint enclaves{"0.0.0.0", net::kCasEnclavePort};
    std::optional<net::Endpoint> metrics;  // plain HTTP
    Simulation simulation = Simulation::Refused;
    // Folder with Intel's collateral, for quotes of real enclaves; empty: these are refused.
    std::filesystem::path collateral;
    AuthorityNames names;
    // New connections per second and source address, on both ports; 0: no limit.
    double handshakes_per_second = 200;
    double handshake_burst = 400;
    bool wants_help = false;
    bool wants_version = false;
};

const flags::Command& command_table();
// `words` are argv without the program's name.
text::Outcome<Options> read_options(std::span<const std::string> words);

}  // namespace scone::cas
