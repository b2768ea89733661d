// Length-prefixed frames as a Protocol: u32 LE count of the bytes that follow, then these. What is
// in a frame is the session's affair.
//
// Side:    host
// Limits:  a frame above the limit, or an empty one, closes the connection
// Source:  docs/formats/enclave-protocol.md
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "services/net/protocol.h"

namespace scone::net {

inline constexpr uint32_t kMaxFrameSize = 8 * 1024 * 1024;

struct FrameReply {
    std::vector<std::vector<uint8_t>> frames;  // without the length
    bool keep_open = true;
};

// What one connection says and hears. Called on handler threads, one call at a time.
class FrameSession {
  public:
    virtual ~FrameSession() = default;
    virtual FrameReply on_frame(base::Bytes frame) = 0;
};

using MakeFrameSession = std::function<std::unique_ptr<FrameSession>(Peer)>;

MakeProtocol serve_frames(uint32_t max_frame_size, MakeFrameSession make_session);

}  // namespace scone::net
