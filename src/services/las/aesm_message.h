// The little of Protocol Buffers (proto2) that AESM's messages need: varints and byte strings.
//
// Side:   host
// Errors: false or nullopt for bytes that are cut off or of another wire type
// Source: Protocol Buffers encoding; Intel SGX PSW, messages.proto
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lib/base/bytes.h"

namespace scone::las {

class AesmWriter {
  public:
    void number(uint32_t field, uint64_t value);
    void bytes(uint32_t field, base::Bytes value);
    base::Bytes view() const { return out_; }

  private:
    void varint(uint64_t value);
    std::vector<uint8_t> out_;
};

struct AesmField {
    uint32_t number = 0;
    bool is_bytes = false;
    uint64_t value = 0;
    base::Bytes bytes;
};

// Every field of a message; nullopt when it is malformed. Views into the input.
std::optional<std::vector<AesmField>> read_aesm_message(base::Bytes message);

}  // namespace scone::las
