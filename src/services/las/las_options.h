// The command line of scone-las.
//
// Side:   host
// Errors: Usage
#pragma once

#include <string>
#include <vector>

#include "services/las/quoting_backend.h"
#include "services/net/endpoint.h"

namespace scone::las {

inline constexpr const char* kHelp =
    "scone-las: turns local reports of enclaves into quotes\n"
    "\n"
    "usage: scone-las [--listen ADDRESS:PORT] [--state DIR] [--mode auto|hw|sim]\n"
    "\n"
    "  --listen ADDRESS:PORT  where to listen (0.0.0.0:18766); port 0: the kernel chooses\n"
    "  --state DIR            where keys are kept across restarts (/var/lib/scone/las)\n"
    "  --mode auto|hw|sim     whose quotes: Intel's (hw), simulated ones (sim), or hw where\n"
    "                         this machine has an SGX device, else sim (auto)\n"
    "  -h, --help             print this help and end\n"
    "  --version              print the version and end\n"
    "\n"
    "SCONE_SIM_FUSE_KEY_FILE names a file of 16 bytes that stands for the simulated processor's\n"
    "fuses; enclaves and LAS of one machine must use the same.";

struct Options {
    net::Endpoint listen{"0.0.0.0", net::kLasPort};
    std::string state_folder = "/var/lib/scone/las";
    QuoteMode mode = QuoteMode::Auto;
    bool wants_help = false;
    bool wants_version = false;
};

// `words`: the arguments without the program's name. Values follow as --name=value or as next word.
text::Outcome<Options> parse_options(const std::vector<std::string>& words);

}  // namespace scone::las
