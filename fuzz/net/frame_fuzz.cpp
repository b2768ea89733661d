// Any bytes, in pieces, into the framed protocol.
#include <algorithm>

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
    base::Bytes rest(data, size);
    while (!rest.empty()) {
        size_t piece = std::min<size_t>(rest.size(), 1 + rest[0] % 32);
        net::Fed fed = protocol->feed(rest.first(piece));
        rest = rest.subspan(piece);
        while (fed.need == net::Need::Serve) {
            if (!protocol->serve().keep_open)
                return 0;
            fed = protocol->feed({});
        }
        if (fed.need == net::Need::Close)
            return 0;
    }
    return 0;
}
