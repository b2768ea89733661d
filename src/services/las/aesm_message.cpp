#include "services/las/aesm_message.h"

namespace scone::las {
namespace {

constexpr uint64_t kWireVarint = 0;
constexpr uint64_t kWireBytes = 2;
constexpr size_t kMaxFields = 64;

std::optional<uint64_t> take_varint(base::Bytes& rest) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest.empty(); shift += 7) {
        uint8_t byte = rest.front();
        rest = rest.subspan(1);
        value |= uint64_t{byte & 0x7fu} << shift;
        if ((byte & 0x80) == 0)
            return value;
    }
    return std::nullopt;
}

}  // namespace

void AesmWriter::varint(uint64_t value) {
    while (value >= 0x80) {
        out_.push_back(static_cast<uint8_t>(value | 0x80));
        value >>= 7;
    }
    out_.push_back(static_cast<uint8_t>(value));
}

void AesmWriter::number(uint32_t field, uint64_t value) {
    varint(uint64_t{field} << 3 | kWireVarint);
    varint(value);
}

void AesmWriter::bytes(uint32_t field, base::Bytes value) {
    varint(uint64_t{field} << 3 | kWireBytes);
    varint(value.size());
    out_.insert(out_.end(), value.begin(), value.end());
}

std::optional<std::vector<AesmField>> read_aesm_message(base::Bytes rest) {
    std::vector<AesmField> fields;
    while (!rest.empty()) {
        auto key = take_varint(rest);
        if (!key || *key >> 3 > UINT32_MAX || fields.size() == kMaxFields)
            return std::nullopt;
        AesmField field;
        field.number = static_cast<uint32_t>(*key >> 3);
        auto value = take_varint(rest);
        if (!value)
            return std::nullopt;
        if ((*key & 7) == kWireVarint) {
            field.value = *value;
        } else if ((*key & 7) == kWireBytes && *value <= rest.size()) {
            field.is_bytes = true;
            field.bytes = rest.first(static_cast<size_t>(*value));
            rest = rest.subspan(static_cast<size_t>(*value));
        } else {
            return std::nullopt;
        }
        fields.push_back(field);
    }
    return fields;
}

}  // namespace scone::las
