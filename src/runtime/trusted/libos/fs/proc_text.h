// The texts of /proc and /sys.
//
// Side:   trusted
#pragma once

#include <string_view>

#include "runtime/trusted/libos/fs/text_file.h"

namespace scone::libos {

// ENOENT for a path that is not served.
Result<Vector<char>> proc_text(std::string_view path);

}  // namespace scone::libos
