#include "lib/text/template.h"

namespace scone::text {
namespace {

constexpr size_t kMaxErrors = 50;

bool starts_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool continues_name(char c) {
    return starts_name(c) || (c >= '0' && c <= '9');
}

struct Piece {
    size_t offset = 0;
    size_t size = 0;
    bool is_variable = false;
    std::string_view text;  // a variable's name, or what stands for the piece in the result
};

// Name and size of the variable whose '$' stands at `at`; size 0 when none does.
Piece variable_at(std::string_view text, size_t at) {
    bool braces = at + 1 < text.size() && text[at + 1] == '{';
    size_t name_at = at + (braces ? 2 : 1);
    size_t end = name_at;
    while (end < text.size() &&
           (end == name_at ? starts_name(text[end]) : continues_name(text[end])))
        end++;
    bool complete = end > name_at && (!braces || (end < text.size() && text[end] == '}'));
    if (!complete)
        return {};
    return {at, end - at + (braces ? 1 : 0), true, text.substr(name_at, end - name_at)};
}

// The piece that starts at `at`: a variable, or a run of text that ends before the next '$' or '\'.
Piece next_piece(std::string_view text, size_t at) {
    constexpr std::string_view kScone = "$$SCONE::";
    auto plain = [&](size_t size) { return Piece{at, size, false, text.substr(at, size)}; };
    if (text.substr(at).starts_with("\\$") && !text.substr(at).starts_with("\\$$"))
        return {at, 2, false, "$"};
    if (text.substr(at).starts_with(kScone)) {
        size_t end = text.find("$$", at + kScone.size());
        return plain(end == std::string_view::npos ? kScone.size() : end + 2 - at);
    }
    if (text.substr(at).starts_with("$$"))
        return plain(2);
    if (text[at] == '$') {
        Piece variable = variable_at(text, at);
        return variable.size > 0 ? variable : plain(1);
    }
    size_t end = text.find_first_of("$\\", at + 1);
    return plain((end == std::string_view::npos ? text.size() : end) - at);
}

Position position_of(std::string_view source, size_t offset) {
    Position at{1, 1};
    for (size_t i = 0; i < offset && i < source.size(); i++) {
        if (source[i] == '\n') {
            at.line++;
            at.column = 1;
        } else if ((source[i] & 0xC0) != 0x80) {
            at.column++;
        }
    }
    return at;
}

Diagnostic missing(std::string_view name, Position at) {
    return {at,
            "Value for variable $" + std::string(name) + " is missing at line " +
                std::to_string(at.line) + " column " + std::to_string(at.column),
            "give it with -e " + std::string(name) + "=VALUE, or export it and use --use-env"};
}

// Replaces the variables of a text; `place` says where in the source the n-th of them stands.
template <class Place>
std::string replace(std::string_view text, const VariableLookup& lookup, const Place& place,
                    std::vector<Diagnostic>& errors) {
    std::string out;
    size_t variable_count = 0;
    for (size_t at = 0; at < text.size();) {
        Piece piece = next_piece(text, at);
        at += piece.size;
        if (!piece.is_variable) {
            out += piece.text;
            continue;
        }
        if (auto value = lookup(piece.text))
            out += *value;
        else if (errors.size() < kMaxErrors)
            errors.push_back(missing(piece.text, place(piece, variable_count)));
        variable_count++;
    }
    return out;
}

// Where the n-th variable of a scalar stands in its source; the scalar's own place when quoting
// hides it.
Position place_in_scalar(const Node& node, std::string_view source, const Piece& wanted,
                         size_t index) {
    if (node.source_offset > source.size())
        return node.at;
    std::string_view raw = source.substr(node.source_offset, node.source_size);
    size_t seen = 0;
    for (size_t at = 0; at < raw.size();) {
        Piece piece = next_piece(raw, at);
        at += piece.size;
        if (!piece.is_variable || seen++ != index)
            continue;
        if (piece.text == wanted.text)
            return position_of(source, node.source_offset + piece.offset);
        break;
    }
    return node.at;
}

void substitute_in(Node& node, std::string_view source, const VariableLookup& lookup,
                   std::vector<Diagnostic>& errors) {
    if (node.is_scalar()) {
        auto place = [&](const Piece& piece, size_t index) {
            return place_in_scalar(node, source, piece, index);
        };
        std::string replaced = replace(node.text, lookup, place, errors);
        node.text = std::move(replaced);
        return;
    }
    for (Node& item : node.items)
        substitute_in(item, source, lookup, errors);
    for (NodeEntry& entry : node.entries)
        substitute_in(entry.value, source, lookup, errors);
}

}  // namespace

std::vector<Diagnostic> substitute_variables(Node& root, std::string_view source,
                                             const VariableLookup& lookup) {
    std::vector<Diagnostic> errors;
    substitute_in(root, source, lookup, errors);
    return errors;
}

base::Result<std::string, std::vector<Diagnostic>> substitute_text(std::string_view source,
                                                                   const VariableLookup& lookup) {
    std::vector<Diagnostic> errors;
    auto place = [&](const Piece& piece, size_t) { return position_of(source, piece.offset); };
    std::string out = replace(source, lookup, place, errors);
    if (!errors.empty())
        return base::fail(std::move(errors));
    return out;
}

}  // namespace scone::text
