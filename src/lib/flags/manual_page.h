// Manual pages, made from the tables of flag.h and from what only a manual page says.
//
// Side:    hosted
// Threads: pure functions
// Source:  man(7), man-pages(7) for the order of sections
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/flags/flag.h"

namespace scone::flags {

struct ManualEntry {
    std::string_view name;  // a variable, a path
    std::string_view text;
};

struct Manual {
    const Command& command;
    int section = 1;
    std::string_view summary;              // the one line of NAME
    std::string_view description;          // paragraphs, an empty line between them
    std::vector<ManualEntry> environment;  // beside the variables that flags name
    std::vector<ManualEntry> files;
    std::string_view exit_status;            // paragraphs before the table; may be empty
    std::vector<std::string_view> see_also;  // "scone(1)"
};

struct Edition {
    std::string_view version;
    std::string_view date;  // YYYY-MM-DD
};

// roff source. Every command and flag of the table stands in it, hidden flags excepted.
std::string manual_page(const Manual& manual, const Edition& edition);

}  // namespace scone::flags
