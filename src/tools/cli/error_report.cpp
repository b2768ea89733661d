#include "tools/cli/error_report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

namespace scone::cli {
namespace {

std::string one_line(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\n' || c == '\t')
            out += ' ';
        else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            out += '?';
        else
            out += c;
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
