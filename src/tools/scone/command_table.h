// The table of all commands of `scone`: parser, help, manual page and completion come from it.
//
// Side: host
#pragma once

#include "tools/cli/flag.h"

namespace scone::tools {

const cli::Command& scone_command();

}  // namespace scone::tools
