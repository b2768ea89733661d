#include "tools/cli/error_report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

namespace scone::cli {

using text::Colour;

Colour colour_for(std::FILE* stream) {
    const char* term = std::getenv("TERM");
    const bool plain = std::getenv("NO_COLOR") != nullptr || term == nullptr ||
                       std::string_view(term) == "dumb" || isatty(fileno(stream)) == 0;
    return plain ? Colour::Never : Colour::Always;
}

int report(std::string_view program, const text::Failure& failure, Colour colour) {
    std::fflush(stdout);
    fmt::print(stderr, "{}\n", text::error_text(program, failure, colour));
    return static_cast<int>(failure.exit_code);
}

void warn(std::string_view program, std::string_view text, Colour colour) {
    fmt::print(stderr, "{}\n", text::warning_text(program, text, colour));
}

}  // namespace scone::cli
