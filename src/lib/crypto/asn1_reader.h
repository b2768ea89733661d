// A strict reader of DER: definite, shortest lengths; one-byte tags; no trailing bytes unseen.
//
// Side:    hosted
// Errors:  Malformed (number = offset in the reader's own input), TooLarge (integer above 64 bits)
// Source:  ITU-T X.690
#pragma once

#include <string>

#include "lib/crypto/error.h"

namespace scone::crypto {

namespace der_tag {
inline constexpr uint8_t kBoolean = 0x01, kInteger = 0x02, kOctetString = 0x04, kOid = 0x06,
                         kEnumerated = 0x0a, kSequence = 0x30;
}

class Asn1Reader {
  public:
    struct Element {
        uint8_t tag;
        Bytes content;
    };

    explicit Asn1Reader(Bytes input) : input_(input) {}

    bool at_end() const { return offset_ == input_.size(); }
    Result<Element> next();
    // The next element, which must have this tag.
    Result<Bytes> expect(uint8_t tag);
    Result<Asn1Reader> expect_sequence();
    // Malformed when bytes are left over.
    Result<void> finish() const;

  private:
    Bytes input_;
    size_t offset_ = 0;
};

// Content of an INTEGER or ENUMERATED that is not negative and in its shortest form.
Result<uint64_t> asn1_unsigned(Bytes content);
Result<bool> asn1_boolean(Bytes content);
// Content of an OBJECT IDENTIFIER as "1.2.840...".
Result<std::string> asn1_oid_text(Bytes content);

}  // namespace scone::crypto
