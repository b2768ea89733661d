#include "lib/text/toml_ascii.h"

#include <algorithm>

namespace scone::text {
namespace {

bool is_ascii(char c) {
    return static_cast<unsigned char>(c) < 0x80;
}

// The character at the text's start, beyond ASCII, and how many bytes it has.
struct Character {
    uint32_t code;
    size_t size;
};
Character character_at(std::string_view text) {
    auto byte = [&](size_t i) {
        return static_cast<uint32_t>(static_cast<unsigned char>(text[i]));
    };
    const size_t size = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
    uint32_t code = byte(0) & (0xFFu >> (size + 1));
    for (size_t i = 1; i < size; i++)
        code = code << 6 | (byte(i) & 0x3F);
    return {code, size};
}

class Rewriter {
  public:
    explicit Rewriter(std::string_view text) : rest_(text) {}

    base::Result<std::string, Position> rewrite() {
        if (rest_.starts_with("\xef\xbb\xbf"))
            rest_.remove_prefix(3);
        while (!rest_.empty() && !misplaced_) {
            if (rest_[0] == '#')
                comment();
            else if (rest_.starts_with(R"(""")") || rest_.starts_with("'''"))
                string(3);
            else if (rest_[0] == '"' || rest_[0] == '\'')
                string(1);
            else
                keep();
        }
        if (misplaced_)
            return base::fail(at_);
        return std::move(out_);
    }

  private:
    // Takes a character over as it is.
    void keep() {
        if (!is_ascii(rest_[0])) {
            misplaced_ = true;
            return;
        }
        out_ += rest_[0];
        pass(1);
    }
    // Spells it, or takes it over.
    void spell() {
        if (is_ascii(rest_[0])) {
            keep();
            return;
        }
        const Character character = character_at(rest_);
        out_ += "\\U";
        for (int shift = 28; shift >= 0; shift -= 4)
            out_ += "0123456789ABCDEF"[character.code >> shift & 15];
        pass(character.size);
    }
    void pass(size_t size) {
        at_ = rest_[0] == '\n' ? Position{at_.line + 1, 1} : Position{at_.line, at_.column + 1};
        rest_.remove_prefix(size);
    }

    void comment() {
        while (!rest_.empty() && rest_[0] != '\n') {
            if (is_ascii(rest_[0])) {
                keep();
            } else {
                out_ += '?';
                pass(character_at(rest_).size);
            }
        }
    }

    // The size of the string with its quotes, or of what there is when it does not end.
    size_t string_size(size_t quotes) const {
        const std::string_view end = rest_.substr(0, quotes);
        for (size_t i = quotes; i < rest_.size(); i++) {
            if (quotes == 1 && rest_[i] == '\n')
                return i;
            if (rest_[i] == '\\' && end[0] == '"') {
                i++;
            } else if (rest_.substr(i).starts_with(end)) {
                i += quotes;
                // Up to two more belong to a string of several lines.
                for (int more = 0; quotes == 3 && more < 2; more++)
                    if (i < rest_.size() && rest_[i] == end[0])
                        i++;
                return i;
            }
        }
        return rest_.size();
    }
    void string(size_t quotes) {
        const size_t size = string_size(quotes), behind = rest_.size() - size;
        const std::string_view text = rest_.substr(0, size);
        const bool foreign = std::ranges::any_of(text, [](char c) { return !is_ascii(c); });
        // A string without escapes has to become one with them.
        const bool literal = rest_[0] == '\'' && foreign;
        for (size_t left = size; rest_.size() > behind && !misplaced_;
             left = rest_.size() - behind) {
            const bool is_quote = left > size - quotes || left <= quotes;
            if (!literal && rest_[0] == '\\') {
                keep();
                if (rest_.size() > behind)
                    keep();  // nothing beyond ASCII can be escaped
            } else if (literal && is_quote && rest_[0] == '\'') {
                out_ += '"';
                pass(1);
            } else if (literal && (rest_[0] == '\\' || rest_[0] == '"')) {
                out_ += '\\';
                keep();
            } else {
                spell();
            }
        }
    }

    std::string_view rest_;
    std::string out_;
    Position at_{1, 1};
    bool misplaced_ = false;
};

}  // namespace

base::Result<std::string, Position> toml_in_ascii(std::string_view toml) {
    return Rewriter(toml).rewrite();
}

}  // namespace scone::text
