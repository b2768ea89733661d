// What can be chosen at a start, one row for each: the variable, which every launcher reads, and
// the option, which scone-run has besides.
//
// Side:   host
#pragma once

#include <span>
#include <string_view>

#include "lib/flags/flag.h"
#include "runtime/host/launcher/options.h"

namespace scone::launcher {

struct Row {
    flags::Flag flag;
    // `name` is how the user wrote it: "--heap" or "SCONE_HEAP". Errors: Usage.
    text::Outcome<void> (*take)(Options& options, std::string_view name, std::string_view value);
};

std::span<const Row> option_rows();

}  // namespace scone::launcher
