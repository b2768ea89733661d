// The table of all commands of `scone`: parser, help, manual page and completion come from it.
//
// Side: host
#pragma once

#include "lib/flags/flag.h"

namespace scone::tools {

const flags::Command& scone_command();

}  // namespace scone::tools
