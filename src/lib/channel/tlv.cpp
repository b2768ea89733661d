#include "lib/channel/tlv.h"

#include "lib/base/endian.h"

namespace scone::channel {
namespace {

constexpr size_t kFieldHeader = 6;

}  // namespace

void TlvWriter::bytes(uint16_t tag, Bytes value) {
    ByteArray<kFieldHeader> header;
    base::store_le16(header.data(), tag);
    // A size that does not fit cannot pass: encode_frame refuses payloads above 8 MiB.
    base::store_le32(header.data() + 2, static_cast<uint32_t>(value.size()));
    out_.append(header);
    out_.append(value);
}

void TlvWriter::number(uint16_t tag, uint64_t value) {
    ByteArray<8> encoded;
    base::store_le64(encoded.data(), value);
    bytes(tag, encoded);
}

Result<uint64_t> TlvField::number() const {
    if (value.size() != 8)
        return error(ErrorCode::Malformed, "number field is not 8 bytes", tag);
    return base::load_le64(value.data());
}

Result<std::string_view> TlvField::text(size_t limit) const {
    if (value.size() > limit)
        return error(ErrorCode::TooLarge, "text field is too long", tag);
    std::string_view text = base::as_text(value);
    if (text.find('\0') != std::string_view::npos)
        return error(ErrorCode::Malformed, "text field with a NUL", tag);
    return text;
}

Result<std::optional<TlvField>> TlvReader::next() {
    if (rest_.empty())
        return std::nullopt;
    if (rest_.size() < kFieldHeader)
        return error(ErrorCode::Malformed, "field header is cut off", rest_.size());
    TlvField field{base::load_le16(rest_.data()), {}};
    size_t size = base::load_le32(rest_.data() + 2);
    if (size > rest_.size() - kFieldHeader)
        return error(ErrorCode::Malformed, "field is cut off", field.tag);
    field.value = rest_.subspan(kFieldHeader, size);
    rest_ = rest_.subspan(kFieldHeader + size);
    return field;
}

Result<void> SeenFields::once(uint16_t tag) {
    if (tag >= 64 || seen_[tag])
        return error(ErrorCode::Malformed, "field stands twice", tag);
    seen_[tag] = true;
    return {};
}

Result<void> SeenFields::require(std::initializer_list<uint16_t> tags) const {
    for (uint16_t tag : tags)
        if (!has(tag))
            return error(ErrorCode::MissingField, "field is missing", tag);
    return {};
}

Result<void> skip_unknown(const TlvField& field) {
    if ((field.tag & kOptionalTag) == 0)
        return error(ErrorCode::UnknownField, "field that is not known here", field.tag);
    return {};
}

}  // namespace scone::channel
