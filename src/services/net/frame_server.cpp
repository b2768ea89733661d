#include "services/net/frame_server.h"

#include "lib/base/endian.h"
#include "lib/base/secret.h"

namespace scone::net {
namespace {

constexpr size_t kLengthSize = 4;

class FrameProtocol final : public Protocol {
  public:
    FrameProtocol(uint32_t max_size, std::unique_ptr<FrameSession> session)
        : max_size_(max_size), session_(std::move(session)) {}
    ~FrameProtocol() override { base::wipe(pending_.data(), pending_.size()); }

    Fed feed(base::Bytes bytes) override {
        pending_.insert(pending_.end(), bytes.begin(), bytes.end());
        if (pending_.size() < kLengthSize)
            return {};
        uint32_t size = base::load_le32(pending_.data());
        if (size == 0 || size > max_size_)
            return {Need::Close, {}};
        return {pending_.size() - kLengthSize >= size ? Need::Serve : Need::More, {}};
    }

    Served serve() override {
        size_t whole = kLengthSize + base::load_le32(pending_.data());
        FrameReply reply =
            session_->on_frame(base::Bytes(pending_).subspan(kLengthSize, whole - kLengthSize));
        base::wipe(pending_.data(), whole);
        pending_.erase(pending_.begin(), pending_.begin() + static_cast<ptrdiff_t>(whole));
        Served served{{}, reply.keep_open};
        for (auto& frame : reply.frames) {
            uint8_t length[kLengthSize];
            base::store_le32(length, static_cast<uint32_t>(frame.size()));
            served.bytes.append(base::as_text(length)).append(base::as_text(frame));
            base::wipe(frame.data(), frame.size());
        }
        return served;
    }

    bool mid_message() const override { return !pending_.empty(); }

  private:
    uint32_t max_size_;
    std::unique_ptr<FrameSession> session_;
    std::vector<uint8_t> pending_;
};

}  // namespace

MakeProtocol serve_frames(uint32_t max_frame_size, MakeFrameSession make_session) {
    return [max_frame_size, make = std::move(make_session)](Peer peer) {
        return std::make_unique<FrameProtocol>(max_frame_size, make(std::move(peer)));
    };
}

}  // namespace scone::net
