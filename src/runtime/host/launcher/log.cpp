#include "runtime/host/launcher/log.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "lib/base/source_names.h"

namespace scone::launcher {
namespace {

Level current_level = Level::Warning;

struct Name {
    Level level;
    std::string_view name;      // in SCONE_LOG
    std::string_view in_lines;  // in messages
};
constexpr std::array kNames{
    Name{Level::Fatal, "FATAL", "FATAL"},    Name{Level::Error, "ERROR", "ERROR"},
    Name{Level::Warning, "WARNING", "WARN"}, Name{Level::Info, "INFO", "INFO"},
    Name{Level::Debug, "DEBUG", "DEBUG"},    Name{Level::Trace, "TRACE", "TRACE"},
};

}  // namespace

Level parse_level(std::string_view text) {
    std::string upper(text);
    std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return std::toupper(c); });
    for (const Name& name : kNames)
        if (upper == name.name || upper == name.in_lines)
            return name.level;
    if (upper.size() == 1 && upper[0] >= '1' && upper[0] <= '9')
        return static_cast<Level>(std::min(upper[0] - '0', 6));
    return Level::Warning;
}

std::string_view level_name(Level level) {
    for (const Name& name : kNames)
        if (name.level == level)
            return name.name;
    return "WARNING";
}

void set_log_level(Level level) {
    current_level = level;
}

void log(Level level, std::string_view text, const std::source_location& where) {
    if (level > current_level)
        return;
    std::string line = "[SCONE|";
    line += kNames[static_cast<size_t>(level) - 1].in_lines;
    line += "] ";
    line += base::plain_file_name(where);
    line += ":" + std::to_string(where.line()) + ":";
    line += base::plain_function_name(where);
    line += "(): ";
    line += text;
    line += "\n";
    // A message that cannot be written has nowhere else to go.
    [[maybe_unused]] ssize_t written = write(2, line.data(), line.size());
}

}  // namespace scone::launcher
