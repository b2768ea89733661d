// Any bytes, in pieces, into the framed protocol.
#include "fuzz/net/pieces.h"
#include "services/net/frame_server.h"

namespace {
struct Echo final : scone::net::FrameSession {
    scone::net::FrameReply on_frame(scone::base::Bytes frame) override {
        return {{{frame.begin(), frame.end()}}, frame[0] != 0};
    }
};
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace scone;
    auto protocol = net::serve_frames(64, [](net::Peer) { return std::make_unique<Echo>(); })({});
    fuzz::serve_pieces(*protocol, {data, size}, 32);
    return 0;
}
