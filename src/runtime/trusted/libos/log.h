// The runtime's messages: `[SCONE|LEVEL] file:line:function(): text` on the host's stderr.
//
// Side:    trusted
// Threads: thread-safe; one line is one host call
// Source:  the shapes that SCONE's users parse; docs/reference/messages.md
#pragma once

#include <source_location>
#include <string_view>

namespace scone::libos {

enum class Level : int { Fatal = 0, Error = 1, Warning = 2, Info = 3, Debug = 4, Trace = 5 };

void set_log_level(Level level);
Level log_level();
// Accepts FATAL, ERROR, WARNING, WARN, INFO, DEBUG, TRACE in either case and numbers; false if
// none.
bool parse_log_level(std::string_view text, Level& out);

void log(Level level, std::string_view text,
         std::source_location where = std::source_location::current());
// Says why and ends the process with status 134.
[[noreturn]] void fatal(std::string_view text,
                        std::source_location where = std::source_location::current());

}  // namespace scone::libos
