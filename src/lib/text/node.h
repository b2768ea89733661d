// A parsed document (YAML or TOML) as a tree that remembers where each key and value stands.
//
// Side:  hosted
// Note:  scalars keep their text; the reader's schema says whether it is a number, a flag or text
//        (`version: 0.3` and `version: "0.3"` are the same text in different styles)
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/text/diagnostic.h"

namespace scone::text {

enum class ScalarStyle { Plain, SingleQuoted, DoubleQuoted, Literal, Folded };

struct NodeEntry;

struct Node {
    enum class Kind { Scalar, Sequence, Mapping };

    // Defined below, where NodeEntry is complete.
    Node();
    Node(const Node&);
    Node(Node&&) noexcept;
    Node& operator=(const Node&);
    Node& operator=(Node&&) noexcept;
    ~Node();

    Kind kind = Kind::Scalar;
    ScalarStyle style = ScalarStyle::Plain;
    std::string text;  // of a scalar
    std::string tag;   // "!cas"; empty when there is none
    Position at;
    size_t source_offset = 0;  // the value's bytes in the source, quotes included
    size_t source_size = 0;
    std::vector<Node> items;         // of a sequence
    std::vector<NodeEntry> entries;  // of a mapping, in the order of the source

    static Node scalar(std::string text, ScalarStyle style = ScalarStyle::DoubleQuoted);
    static Node null();
    static Node sequence();
    static Node mapping();

    bool is_scalar() const { return kind == Kind::Scalar; }
    bool is_sequence() const { return kind == Kind::Sequence; }
    bool is_mapping() const { return kind == Kind::Mapping; }
    // A plain scalar that YAML reads as null: nothing, ~, null, Null, NULL.
    bool is_null() const;

    // The value of a key; nullptr when this is no mapping or has no such key.
    const Node* find(std::string_view key) const;
    // Adds an entry or an item. Preconditions: this is a mapping; a sequence.
    Node& add(std::string key, Node value);
    Node& add(Node item);

    // Structure, text, tags and null-ness; not positions and not the style of what is no null.
    friend bool operator==(const Node& a, const Node& b);
};

struct NodeEntry {
    std::string key;
    Position at;
    Node value;
};

inline Node::Node() = default;
inline Node::Node(const Node&) = default;
inline Node::Node(Node&&) noexcept = default;
inline Node& Node::operator=(const Node&) = default;
inline Node& Node::operator=(Node&&) noexcept = default;
inline Node::~Node() = default;
inline Node Node::null() {
    return scalar("~", ScalarStyle::Plain);
}

}  // namespace scone::text
