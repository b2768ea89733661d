#include "lib/text/node.h"

#include <utility>

namespace scone::text {

Node Node::scalar(std::string text, ScalarStyle style) {
    Node node;
    node.text = std::move(text);
    node.style = style;
    return node;
}

Node Node::sequence() {
    Node node;
    node.kind = Kind::Sequence;
    return node;
}

Node Node::mapping() {
    Node node;
    node.kind = Kind::Mapping;
    return node;
}

bool Node::is_null() const {
    if (kind != Kind::Scalar || style != ScalarStyle::Plain)
        return false;
    return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

const Node* Node::find(std::string_view key) const {
    for (const NodeEntry& entry : entries) {
        if (entry.key == key)
            return &entry.value;
    }
    return nullptr;
}

Node& Node::add(std::string key, Node value) {
    entries.push_back({std::move(key), {}, std::move(value)});
    return *this;
}

Node& Node::add(Node item) {
    items.push_back(std::move(item));
    return *this;
}

bool operator==(const Node& a, const Node& b) {
    if (a.kind != b.kind || a.tag != b.tag || a.is_null() != b.is_null())
        return false;
    if (a.is_scalar() && !a.is_null() && a.text != b.text)
        return false;
    if (a.items != b.items || a.entries.size() != b.entries.size())
        return false;
    for (size_t i = 0; i < a.entries.size(); i++) {
        if (a.entries[i].key != b.entries[i].key || !(a.entries[i].value == b.entries[i].value))
            return false;
    }
    return true;
}

}  // namespace scone::text
