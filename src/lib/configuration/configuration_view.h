// A Configuration message read in place, without allocation: for the enclave's core, which gets the
// message from the hosted layer after that has checked it (lib/channel, decode_configuration).
//
// Side:    both
// Layout:  fields of u16 LE tag, u32 LE size, value; see docs/formats/enclave-protocol.md
// Threads: pure functions; views point into the caller's bytes, which hold secrets and are wiped
//          by the caller
#pragma once

#include <optional>
#include <string_view>

#include "lib/base/bytes.h"
#include "lib/base/endian.h"
#include "lib/configuration/configuration_tags.h"

namespace scone::configuration {

struct Field {
    uint16_t tag;
    base::Bytes value;
};

// Hands out the fields in their order; nullopt at the end or at a field that is cut off.
class FieldReader {
  public:
    explicit FieldReader(base::Bytes fields) : rest_(fields) {}

    std::optional<Field> next() {
        constexpr size_t kHeader = 6;
        if (rest_.size() < kHeader)
            return std::nullopt;
        size_t size = base::load_le32(rest_.data() + 2);
        if (size > rest_.size() - kHeader)
            return std::nullopt;
        Field field{base::load_le16(rest_.data()), rest_.subspan(kHeader, size)};
        rest_ = rest_.subspan(kHeader + size);
        return field;
    }
    bool at_end() const { return rest_.empty(); }

  private:
    base::Bytes rest_;
};

// The first field with this tag; empty when there is none.
inline base::Bytes find_field(base::Bytes record, uint16_t tag) {
    FieldReader reader(record);
    while (std::optional<Field> field = reader.next())
        if (field->tag == tag)
            return field->value;
    return {};
}
inline std::string_view find_text(base::Bytes record, uint16_t tag) {
    return base::as_text(find_field(record, tag));
}
inline uint64_t find_number(base::Bytes record, uint16_t tag) {
    base::Bytes value = find_field(record, tag);
    return value.size() == 8 ? base::load_le64(value.data()) : 0;
}

// A protected file tree. `key` has 32 bytes; `tag` has 16, or none when any state is accepted.
struct TreeView {
    std::string_view fspf_path;
    base::Bytes key;
    base::Bytes tag;
    bool is_rollback_protected;
};
// nullopt when the record lacks path or key, or a size is wrong.
inline std::optional<TreeView> tree_view(base::Bytes record) {
    TreeView tree{find_text(record, tree_part::kPath), find_field(record, tree_part::kKey),
                  find_field(record, tree_part::kTag),
                  find_number(record, tree_part::kRollback) == 0};
    if (tree.fspf_path.empty() || tree.key.size() != 32 ||
        (tree.tag.size() != 0 && tree.tag.size() != 16))
        return std::nullopt;
    return tree;
}

// Calls visitor's members in the message's order:
//   argument(Bytes)                       variable(string_view name, Bytes value)
//   directory(string_view)                root(const TreeView&)
//   volume(string_view name, string_view mount_path, const TreeView&)
//   file(string_view path, Bytes content, uint32_t mode)
//   secret(string_view name, string_view kind, Bytes record)
//   setting(string_view name, string_view value)
// Each gives true to go on. False when one of them gave false or the message is malformed.
template <class Visitor>
bool visit_configuration(base::Bytes payload, Visitor& visitor) {
    FieldReader reader(payload);
    while (std::optional<Field> field = reader.next()) {
        base::Bytes value = field->value;
        bool go_on = true;
        switch (field->tag) {
            case tag::kArgument:
                go_on = visitor.argument(value);
                break;
            case tag::kVariable:
                go_on = visitor.variable(find_text(value, part::kName),
                                         find_field(value, part::kValue));
                break;
            case tag::kDirectory:
                go_on = visitor.directory(base::as_text(value));
                break;
            case tag::kRoot: {
                std::optional<TreeView> tree = tree_view(value);
                go_on = tree && visitor.root(*tree);
                break;
            }
            case tag::kVolume: {
                std::optional<TreeView> tree = tree_view(find_field(value, part::kTree));
                go_on = tree && visitor.volume(find_text(value, part::kName),
                                               find_text(value, part::kMountPath), *tree);
                break;
            }
            case tag::kFile:
                go_on = visitor.file(find_text(value, part::kName), find_field(value, part::kValue),
                                     static_cast<uint32_t>(find_number(value, part::kMode)));
                break;
            case tag::kSecret:
                go_on = visitor.secret(find_text(value, part::kName), find_text(value, part::kKind),
                                       value);
                break;
            case tag::kSetting:
                go_on =
                    visitor.setting(find_text(value, part::kName), find_text(value, part::kValue));
                break;
            default:
                break;  // the hosted layer refused what must be understood
        }
        if (!go_on)
            return false;
    }
    return reader.at_end();
}

}  // namespace scone::configuration
