#include "lib/crypto/asn1_reader.h"

namespace scone::crypto {
namespace {

// The longest content is bounded by the input anyway; four length bytes are enough for it.
constexpr size_t kMaxLengthBytes = 4;

}  // namespace

Result<Asn1Reader::Element> Asn1Reader::next() {
    size_t at = offset_;
    if (input_.size() - at < 2)
        return error(ErrorCode::Malformed, "DER element is cut off", at);
    uint8_t tag = input_[at++];
    if ((tag & 0x1f) == 0x1f)
        return error(ErrorCode::Unsupported, "DER tag of several bytes", offset_);
    size_t size = input_[at++];
    if (size >= 0x80) {
        size_t count = size & 0x7f;
        if (count == 0 || count > kMaxLengthBytes || input_.size() - at < count)
            return error(ErrorCode::Malformed, "DER length is indefinite, too long or cut off",
                         offset_);
        size = 0;
        for (size_t i = 0; i < count; i++)
            size = size << 8 | input_[at++];
        bool shortest = size >= 0x80 && (count == 1 || size >> (8 * (count - 1)) != 0);
        if (!shortest)
            return error(ErrorCode::Malformed, "DER length is not in its shortest form", offset_);
    }
    if (input_.size() - at < size)
        return error(ErrorCode::Malformed, "DER content is cut off", offset_);
    offset_ = at + size;
    return Element{tag, input_.subspan(at, size)};
}

Result<Bytes> Asn1Reader::expect(uint8_t tag) {
    size_t start = offset_;
    Element element = SCONE_TRY(next());
    if (element.tag != tag)
        return error(ErrorCode::Malformed, "DER element of another type than expected", start);
    return element.content;
}

Result<Asn1Reader> Asn1Reader::expect_sequence() {
    return Asn1Reader(SCONE_TRY(expect(der_tag::kSequence)));
}

Result<void> Asn1Reader::finish() const {
    if (!at_end())
        return error(ErrorCode::Malformed, "bytes after the last DER element", offset_);
    return {};
}

Result<uint64_t> asn1_unsigned(Bytes content) {
    if (content.empty() || (content[0] & 0x80) != 0)
        return error(ErrorCode::Malformed, "expected an integer that is not negative");
    if (content.size() > 1 && content[0] == 0 && (content[1] & 0x80) == 0)
        return error(ErrorCode::Malformed, "integer is not in its shortest form");
    if (content[0] == 0)
        content = content.subspan(1);
    if (content.size() > 8)
        return error(ErrorCode::TooLarge, "integer above 64 bits", content.size());
    uint64_t value = 0;
    for (uint8_t byte : content)
        value = value << 8 | byte;
    return value;
}

Result<bool> asn1_boolean(Bytes content) {
    if (content.size() != 1 || (content[0] != 0 && content[0] != 0xff))
        return error(ErrorCode::Malformed, "expected a DER boolean");
    return content[0] == 0xff;
}

Result<std::string> asn1_oid_text(Bytes content) {
    if (content.empty() || content.size() > 64)
        return error(ErrorCode::Malformed, "object identifier is empty or too long",
                     content.size());
    std::string text;
    uint64_t arc = 0;
    bool first = true;
    bool inside = false;
    for (uint8_t byte : content) {
        if ((!inside && byte == 0x80) || arc >> 56 != 0)
            return error(ErrorCode::Malformed, "object identifier with a padded or huge number");
        arc = arc << 7 | (byte & 0x7f);
        inside = (byte & 0x80) != 0;
        if (inside)
            continue;
        if (first) {
            uint64_t top = arc < 80 ? arc / 40 : 2;
            text = std::to_string(top) + "." + std::to_string(arc - top * 40);
            first = false;
        } else {
            text += "." + std::to_string(arc);
        }
        arc = 0;
    }
    if (inside)
        return error(ErrorCode::Malformed, "object identifier is cut off");
    return text;
}

}  // namespace scone::crypto
