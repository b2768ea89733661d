#include "lib/text/yaml_quoted.h"

#include <charconv>

#include "lib/text/utf8.h"

namespace scone::text {
namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}
bool at_line_end(std::string_view text, size_t at) {
    return text.substr(at).starts_with('\n') || text.substr(at).starts_with("\r\n");
}

enum class Break { Folded, Escaped };

// Goes over the line end at `at`, the empty lines behind it and the next line's indentation. One
// line end is a blank (nothing, when escaped), each further one a line end.
void fold(std::string_view text, size_t& at, std::string& out, size_t kept, Break kind) {
    while (kind == Break::Folded && out.size() > kept && is_blank(out.back()))
        out.pop_back();
    size_t breaks = 0;
    while (at < text.size() && (is_blank(text[at]) || at_line_end(text, at))) {
        breaks += text[at] == '\n' ? 1 : 0;
        at++;
        // Behind a carriage return, at_line_end() sees the line feed next.
    }
    if (breaks == 1 && kind == Break::Folded)
        out += ' ';
    out.append(breaks > 0 ? breaks - 1 : 0, '\n');
}

void append_utf8(std::string& out, uint32_t c) {
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += static_cast<char>(0xC0 | c >> 6);
        out += static_cast<char>(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        out += static_cast<char>(0xE0 | c >> 12);
        out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
        out += static_cast<char>(0x80 | (c & 0x3F));
    } else {
        out += static_cast<char>(0xF0 | (c >> 18 & 7));
        out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
        out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
        out += static_cast<char>(0x80 | (c & 0x3F));
    }
}

// YAML 1.2.2, "Escaped Characters"; those that stand for themselves among them.
std::optional<uint32_t> short_escape(char c) {
    switch (c) {
        case '0':
            return 0x00;
        case 'a':
            return 0x07;
        case 'b':
            return 0x08;
        case 't':
        case '\t':
            return 0x09;
        case 'n':
            return 0x0A;
        case 'v':
            return 0x0B;
        case 'f':
            return 0x0C;
        case 'r':
            return 0x0D;
        case 'e':
            return 0x1B;
        case 'N':
            return 0x85;
        case '_':
            return 0xA0;
        case 'L':
            return 0x2028;
        case 'P':
            return 0x2029;
        case ' ':
        case '"':
        case '/':
        case '\\':
            return static_cast<uint32_t>(c);
        default:
            return std::nullopt;
    }
}

size_t hex_digit_count(char c) {
    return c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
}

// The escape whose letter stands at `at`, behind the backslash.
bool append_escape(std::string_view text, size_t& at, std::string& out) {
    size_t digit_count = hex_digit_count(text[at]);
    if (digit_count == 0) {
        auto c = short_escape(text[at++]);
        if (c)
            append_utf8(out, *c);
        return c.has_value();
    }
    at++;
    if (text.size() - at < digit_count)
        return false;
    uint32_t c = 0;
    const char* end = text.substr(at, digit_count).end();
    auto [stop, code] = std::from_chars(end - digit_count, end, c, 16);
    bool surrogate = c >= 0xD800 && c <= 0xDFFF;
    if (code != std::errc() || stop != end || surrogate || c > 0x10FFFF)
        return false;
    append_utf8(out, c);
    at += digit_count;
    return true;
}

}  // namespace

std::string single_quoted_text(std::string_view between_quotes) {
    std::string out;
    for (size_t at = 0; at < between_quotes.size();) {
        if (at_line_end(between_quotes, at)) {
            fold(between_quotes, at, out, 0, Break::Folded);
            continue;
        }
        char c = between_quotes[at];
        out += c;
        // A quote is written twice.
        at += c == '\'' ? 2 : 1;
    }
    return out;
}

std::optional<std::string> double_quoted_text(std::string_view between_quotes) {
    std::string out;
    size_t kept = 0;  // what escapes made is not trimmed at a line's end
    for (size_t at = 0; at < between_quotes.size();) {
        if (at_line_end(between_quotes, at)) {
            fold(between_quotes, at, out, kept, Break::Folded);
        } else if (between_quotes[at] != '\\') {
            out += between_quotes[at++];
        } else if (++at == between_quotes.size()) {
            return std::nullopt;
        } else if (at_line_end(between_quotes, at)) {
            fold(between_quotes, at, out, kept, Break::Escaped);
            kept = out.size();
        } else {
            if (!append_escape(between_quotes, at, out))
                return std::nullopt;
            kept = out.size();
        }
    }
    return out;
}

}  // namespace scone::text
