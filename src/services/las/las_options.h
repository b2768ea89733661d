// The command line of scone-las.
//
// Side:   host
// Errors: Usage
#pragma once

#include <string>
#include <vector>

#include "lib/flags/flag.h"
#include "services/las/quoting_backend.h"
#include "services/net/endpoint.h"

namespace scone::las {

struct Options {
    net::Endpoint listen{"0.0.0.0", net::kLasPort};
    std::string state_folder = "/var/lib/scone/las";
    QuoteMode mode = QuoteMode::Auto;
    bool wants_help = false;
    bool wants_version = false;
};

const flags::Command& command_table();
// `words`: the arguments without the program's name.
text::Outcome<Options> parse_options(const std::vector<std::string>& words);

}  // namespace scone::las
