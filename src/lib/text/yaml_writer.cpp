#include <algorithm>

#include "lib/text/utf8.h"
#include "lib/text/yaml.h"

namespace scone::text {
namespace {

bool is_word_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '/' || c == '.' || c == '+' || c == '-';
}

// A subset of what YAML accepts as a plain scalar that no reader takes for anything else.
bool may_stand_plain(std::string_view text) {
    if (text.empty() || text.front() == '-' || text.front() == '+')
        return false;
    if (text == "..." || Node::scalar(std::string(text), ScalarStyle::Plain).is_null())
        return false;
    for (size_t i = 0; i < text.size(); i++) {
        bool inner_colon =
            text[i] == ':' && i > 0 && i + 1 < text.size() && is_word_character(text[i + 1]);
        if (!is_word_character(text[i]) && !inner_colon)
            return false;
    }
    return true;
}

// The code point at `at`. Preconditions: a well-formed sequence of that size stands there.
uint32_t code_point(std::string_view text, size_t at, size_t size) {
    auto byte = static_cast<uint8_t>(text[at]);
    uint32_t value = size == 1 ? byte : byte & (0x7FU >> size);
    for (size_t i = 1; i < size; i++)
        value = value << 6 | (static_cast<uint8_t>(text[at + i]) & 0x3FU);
    return value;
}

bool must_be_escaped(uint32_t c) {
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 || c == 0xFEFF ||
           (c & 0xFFFE) == 0xFFFE;
}

// Several lines that a literal block shows exactly as they are.
bool may_stand_literal(std::string_view text) {
    if (text.find('\n') == std::string_view::npos || text.front() == '\n' || text.front() == ' ' ||
        text.front() == '\t' || text.ends_with("\n\n"))
        return false;
    for (size_t at = 0; at < text.size();) {
        size_t size = utf8_sequence_size(text, at);
        if (size == 0 || (text[at] != '\n' && must_be_escaped(code_point(text, at, size))))
            return false;
        bool at_line_end = at + 1 == text.size() || text[at + 1] == '\n';
        if (at_line_end && text[at] == ' ')
            return false;
        at += size;
    }
    return true;
}

void append_hex(std::string& out, uint32_t value, int digits) {
    static constexpr char kDigits[] = "0123456789abcdef";
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
        out += kDigits[value >> shift & 15];
}

std::string double_quoted(std::string_view raw) {
    std::string text = valid_utf8(raw);
    std::string out = "\"";
    for (size_t at = 0; at < text.size();) {
        size_t size = utf8_sequence_size(text, at);
        uint32_t c = code_point(text, at, size);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += static_cast<char>(c);
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (c == '\r') {
            out += "\\r";
        } else if (must_be_escaped(c)) {
            out += c < 0x100 ? "\\x" : c < 0x10000 ? "\\u" : "\\U";
            append_hex(out, c, c < 0x100 ? 2 : c < 0x10000 ? 4 : 8);
        } else {
            out.append(text, at, size);
        }
        at += size;
    }
    return out + '"';
}

class Writer {
  public:
    std::string run(const Node& root) {
        out_ = "---";
        write_value(root, 0, Level::Root);
        return std::move(out_);
    }

  private:
    enum class Level { Root, Nested };

    // What stands behind "---", "key:" or "-", with its line end.
    void write_value(const Node& node, size_t indent, Level level) {
        if (!node.tag.empty())
            out_ += " " + node.tag;
        if (node.is_scalar()) {
            write_scalar(node, indent, level);
        } else if (node.is_mapping() && !node.entries.empty()) {
            out_ += '\n';
            write_entries(node, indent);
        } else if (node.is_sequence() && !node.items.empty()) {
            out_ += '\n';
            write_items(node, indent);
        } else {
            out_ += node.is_mapping() ? " {}\n" : " []\n";
        }
    }

    void write_scalar(const Node& node, size_t indent, Level level) {
        if (node.is_null()) {
            out_ += node.tag.empty() ? " ~\n" : "\n";
        } else if (node.style == ScalarStyle::Plain && may_stand_plain(node.text)) {
            out_ += " " + node.text + "\n";
        } else if (level == Level::Nested && may_stand_literal(node.text)) {
            write_literal(node.text, indent);
        } else {
            out_ += " " + double_quoted(node.text) + "\n";
        }
    }

    void write_literal(std::string_view text, size_t indent) {
        bool ends_line = text.ends_with('\n');
        out_ += ends_line ? " |\n" : " |-\n";
        if (ends_line)
            text.remove_suffix(1);
        for (size_t at = 0; at <= text.size();) {
            size_t end = std::min(text.find('\n', at), text.size());
            if (end > at)
                out_.append(indent, ' ').append(text.substr(at, end - at));
            out_ += '\n';
            at = end + 1;
        }
    }

    void write_entries(const Node& node, size_t indent) {
        for (size_t i = 0; i < node.entries.size(); i++) {
            if (i > 0 || !first_on_line_)
                out_.append(indent, ' ');
            first_on_line_ = false;
            const NodeEntry& entry = node.entries[i];
            out_ += may_stand_plain(entry.key) ? entry.key : double_quoted(entry.key);
            out_ += ':';
            write_value(entry.value, indent + 2, Level::Nested);
        }
    }

    void write_items(const Node& node, size_t indent) {
        for (const Node& item : node.items) {
            out_.append(indent, ' ').append("-");
            bool compact = item.is_mapping() && !item.entries.empty() && item.tag.empty();
            if (compact) {
                out_ += ' ';
                first_on_line_ = true;
                write_entries(item, indent + 2);
            } else {
                write_value(item, indent + 2, Level::Nested);
            }
        }
    }

    std::string out_;
    bool first_on_line_ = false;
};

}  // namespace

std::string write_yaml(const Node& root) {
    return Writer().run(root);
}

}  // namespace scone::text
