#include "lib/text/error_text.h"

#include "lib/text/utf8.h"

namespace scone::text {
namespace {

// Foreign bytes must not reach the terminal as control characters, those of U+0080 to U+009F
// included.
std::string one_line(std::string_view foreign) {
    const std::string text = valid_utf8(foreign);
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
    return colour == Colour::Always
               ? "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m"
               : std::string(text);
}

}  // namespace

std::string error_text(std::string_view program, const Failure& failure, Colour colour) {
    std::string out = paint(program, "1;31", colour) + ": " + one_line(failure.what);
    if (!failure.doing.empty())
        out += "\n  while: " + one_line(failure.doing);
    if (!failure.next.empty())
        out += "\n  try:   " + one_line(failure.next);
    return out;
}

std::string warning_text(std::string_view program, std::string_view text, Colour colour) {
    return std::string(program) + ": " + paint("warning:", "1;33", colour) + " " + one_line(text);
}

}  // namespace scone::text
