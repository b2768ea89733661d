// Messages of the host part in SCONE's form, on stderr.
//
// Side:  host
// Shape: [SCONE|LEVEL] file:line:function(): text
#pragma once

#include <source_location>
#include <string_view>

namespace scone::launcher {

enum class Level { Fatal = 1, Error = 2, Warning = 3, Info = 4, Debug = 5, Trace = 6 };

// SCONE_LOG: a name in any case or a number (7 and more is everything). Unknown text: Warning.
Level parse_level(std::string_view text);
std::string_view level_name(Level level);  // as SCONE_VERSION shows it
void set_log_level(Level level);

void log(Level level, std::string_view text,
         const std::source_location& where = std::source_location::current());

}  // namespace scone::launcher
