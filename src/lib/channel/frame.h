// Frames: what travels between enclave, LAS and CAS.
//
// Side:    hosted
// Layout:  +0 u32 LE size of what follows, 4 to 8 MiB   +4 u16 LE type   +6 u16 LE version
//          +8 payload (fields, see tlv.h)
// Errors:  Malformed (size below 4), TooLarge, WrongVersion
// Source:  docs/formats/enclave-protocol.md, section 1
#pragma once

#include <optional>

#include "lib/channel/error.h"
#include "lib/crypto/secret_bytes.h"

namespace scone::channel {

inline constexpr size_t kFrameHeaderSize = 8;
inline constexpr size_t kMaxFrameSize = size_t{8} << 20;  // type, version and payload
inline constexpr uint16_t kProtocolVersion = 1;

enum class MessageType : uint16_t {
    // With LAS, plain TCP.
    LasHello = 1,
    LasTarget = 2,
    QuoteRequest = 3,
    QuoteReply = 4,
    // With CAS, inside TLS.
    EnclaveHello = 16,
    EnclaveHelloDone = 17,
    ConfigurationRequest = 18,
    Configuration = 19,
    TagUpdate = 20,
    TagStored = 21,
    Lease = 22,
    LeaseGranted = 23,
    Exit = 24,
    ExitNoted = 25,
    // From either, instead of the answer.
    ErrorChain = 255,
};

struct Frame {
    MessageType type;
    crypto::SecretBytes payload;
};

// The whole frame. TooLarge for a payload above the limit.
Result<crypto::SecretBytes> encode_frame(MessageType type, Bytes payload);

// For servers that cut the stream into frames themselves: a frame without its size field, to read
// and to send.
Result<Frame> decode_frame_body(Bytes body);
inline Bytes frame_body(Bytes encoded) {
    return encoded.subspan(4);
}

// Collects bytes as they arrive and hands out whole frames.
class FrameReader {
  public:
    // `largest` may be set lower than the protocol's limit where a peer has sent no proof yet.
    explicit FrameReader(size_t largest = kMaxFrameSize) : largest_(largest) {}
    void set_largest(size_t largest) { largest_ = largest; }

    void push(Bytes data) { buffer_.append(data); }
    // nullopt when more bytes are needed. After an error the stream cannot be used any more.
    Result<std::optional<Frame>> next();
    bool holds_part_of_a_frame() const { return buffer_.size() != 0; }

  private:
    crypto::SecretBytes buffer_;
    size_t largest_;
};

}  // namespace scone::channel
