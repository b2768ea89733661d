#include "tools/cli/error_report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "lib/text/utf8.h"

namespace scone::cli {
namespace {

// Foreign bytes must not reach the terminal as control characters, those of U+0080 to U+009F
// included.
std::string one_line(std::string_view foreign) {
    const std::string text = text::valid_utf8(foreign);
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
        if (byte == '\n' || byte == '\t') {
            out += ' ';
        } else if (byte < 0x20 || byte == 0x7f) {
            out += '?';
        } else if (byte == 0xc2 && next >= 0x80 && next <= 0x9f) {
            out += '?';
            ++i;
        } else {
            out += text[i];
        }
    }
    while (out.ends_with(' '))
        out.pop_back();
    return out;
}

std::string paint(std::string_view text, const char* code, Colour colour) {
    return colour == Colour::Always ? fmt::format("\x1b[{}m{}\x1b[0m", code, text)
                                    : std::string(text);
}

}  // namespace

Colour colour_for(std::FILE* stream) {
    const char* term = std::getenv("TERM");
    const bool plain = std::getenv("NO_COLOR") != nullptr || term == nullptr ||
                       std::string_view(term) == "dumb" || isatty(fileno(stream)) == 0;
    return plain ? Colour::Never : Colour::Always;
}

std::string error_text(std::string_view program, const text::Failure& failure, Colour colour) {
    std::string out = fmt::format("{}: {}", paint(program, "1;31", colour), one_line(failure.what));
    if (!failure.doing.empty())
        out += fmt::format("\n  while: {}", one_line(failure.doing));
    if (!failure.next.empty())
        out += fmt::format("\n  try:   {}", one_line(failure.next));
    return out;
}

int report(std::string_view program, const text::Failure& failure, Colour colour) {
    std::fflush(stdout);
    fmt::print(stderr, "{}\n", error_text(program, failure, colour));
    return static_cast<int>(failure.exit_code);
}

void warn(std::string_view program, std::string_view text, Colour colour) {
    fmt::print(stderr, "{}: {} {}\n", program, paint("warning:", "1;33", colour), one_line(text));
}

}  // namespace scone::cli
