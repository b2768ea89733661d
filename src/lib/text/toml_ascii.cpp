#include "lib/text/toml_ascii.h"

namespace scone::text {
namespace {

class Scanner {
  public:
    explicit Scanner(std::string_view text) : rest_(text) {}

    std::optional<Position> find() {
        if (rest_.starts_with("\xef\xbb\xbf"))
            rest_.remove_prefix(3);
        while (!rest_.empty() && !found_) {
            if (rest_[0] == '#')
                skip_line();
            else if (rest_[0] == '"' || rest_[0] == '\'')
                skip_string();
            else
                look_and_step();
        }
        return found_;
    }

  private:
    static bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

    void step() {
        // Columns count characters: a byte 10xxxxxx goes on with one.
        const auto byte = static_cast<unsigned char>(rest_[0]);
        if (byte == '\n')
            at_ = {at_.line + 1, 1};
        else if ((byte & 0xC0) != 0x80)
            at_.column++;
        rest_.remove_prefix(1);
    }
    void look_and_step() {
        if (!is_ascii(rest_[0]))
            found_ = at_;
        step();
    }
    void skip_line() {
        while (!rest_.empty() && rest_[0] != '\n')
            step();
    }
    bool skip(std::string_view what) {
        if (!rest_.starts_with(what))
            return false;
        for (size_t i = 0; i < what.size(); i++)
            step();
        return true;
    }

    void skip_string() {
        const char quote = rest_[0];
        const std::string_view three = quote == '"' ? R"(""")" : "'''";
        if (skip(three)) {
            skip_lines_until(three);
            return;
        }
        step();
        while (!rest_.empty() && rest_[0] != '\n' && rest_[0] != quote) {
            if (rest_[0] == '\\' && quote == '"')
                step();
            if (!rest_.empty() && rest_[0] != '\n')
                step();
        }
        if (!rest_.empty() && rest_[0] == quote)
            step();
    }
    void skip_lines_until(std::string_view end) {
        while (!rest_.empty() && !found_) {
            if (skip(end)) {
                // Up to two more belong to the string.
                (void)(skip(end.substr(0, 1)) && skip(end.substr(0, 1)));
                return;
            }
            if (end[0] == '"' && rest_[0] == '\\')
                skip_escape();
            else
                step();
        }
    }
    void skip_escape() {
        step();
        bool white = false;
        while (!rest_.empty() && std::string_view(" \t\r\n").contains(rest_[0])) {
            white = true;
            step();
        }
        if (!rest_.empty() && (!white || !is_ascii(rest_[0])))
            look_and_step();
    }

    std::string_view rest_;
    Position at_{1, 1};
    std::optional<Position> found_;
};

}  // namespace

std::optional<Position> misplaced_non_ascii(std::string_view toml) {
    return Scanner(toml).find();
}

}  // namespace scone::text
