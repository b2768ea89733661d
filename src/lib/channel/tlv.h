// Fields of a message: tag, size, value.
//
// Side:    hosted
// Layout:  +0 u16 LE tag   +2 u32 LE size   +6 value. Integers are u64 LE; texts are UTF-8 without
//          NUL at the end; a list repeats its tag; a record is a value that holds fields.
// Rule:    a reader skips an unknown tag with bit 15 set and refuses any other unknown tag.
// Errors:  Malformed, UnknownField (number = tag), TooLarge
// Source:  docs/formats/enclave-protocol.md, section 2
#pragma once

#include <bitset>
#include <optional>
#include <string_view>

#include "lib/channel/error.h"
#include "lib/crypto/secret_bytes.h"

namespace scone::channel {

inline constexpr uint16_t kOptionalTag = 0x8000;

class TlvWriter {
  public:
    void bytes(uint16_t tag, Bytes value);
    void text(uint16_t tag, std::string_view value) { bytes(tag, base::as_bytes(value)); }
    void number(uint16_t tag, uint64_t value);
    void record(uint16_t tag, const TlvWriter& fields) { bytes(tag, fields.payload()); }
    Bytes payload() const { return out_.expose(); }

  private:
    crypto::SecretBytes out_;
};

struct TlvField {
    uint16_t tag;
    Bytes value;

    Result<uint64_t> number() const;
    // A text without NUL of at most `limit` bytes.
    Result<std::string_view> text(size_t limit) const;
    // Exactly N bytes.
    template <size_t N>
    Result<ByteArray<N>> array() const {
        if (value.size() != N)
            return error(ErrorCode::Malformed, "field of another size than it must have", tag);
        ByteArray<N> out;
        base::copy_bytes(out, value);
        return out;
    }
};

class TlvReader {
  public:
    explicit TlvReader(Bytes payload) : rest_(payload) {}
    // nullopt at the end.
    Result<std::optional<TlvField>> next();

  private:
    Bytes rest_;
};

// Which fields of a record were there. Tags are below 64.
class SeenFields {
  public:
    // Malformed when a field that may stand once stands twice.
    Result<void> once(uint16_t tag);
    // MissingField unless each of the tags was seen.
    Result<void> require(std::initializer_list<uint16_t> tags) const;
    bool has(uint16_t tag) const { return tag < 64 && seen_[tag]; }

  private:
    std::bitset<64> seen_;
};

// For the default case of a reader's switch: skips an optional field, refuses any other.
Result<void> skip_unknown(const TlvField& field);

}  // namespace scone::channel
