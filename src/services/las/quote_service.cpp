#include "services/las/quote_service.h"

#include "services/net/frame_server.h"

namespace scone::las {
namespace {

using channel::ErrorChain;
using channel::Frame;
using channel::MessageType;

// What came from outside goes into the log without control characters.
std::string printable(const std::string& text) {
    std::string out;
    for (char c : text)
        out += c >= 0x20 && c < 0x7f ? c : '?';
    return out;
}

class QuoteSession final : public net::FrameSession {
  public:
    QuoteSession(const QuotingBackend& backend, std::string las_name, LogLine log, net::Peer peer)
        : backend_(backend),
          las_name_(std::move(las_name)),
          log_(std::move(log)),
          peer_(std::move(peer)) {}

    net::FrameReply on_frame(base::Bytes body) override {
        auto frame = channel::decode_frame_body(body);
        if (!frame)
            return refuse(frame.error().text);
        switch (frame->type) {
            case MessageType::LasHello:
                return hello(*frame);
            case MessageType::QuoteRequest:
                return quote(*frame);
            default:
                return refuse("LAS knows no message of this type");
        }
    }

  private:
    static net::FrameReply answer(channel::Result<channel::SecretBytes> encoded, bool keep_open) {
        if (!encoded)
            return {{}, false};  // larger than a frame: cannot be for what LAS sends
        base::Bytes reply = channel::frame_body(encoded->expose());
        return {{{reply.begin(), reply.end()}}, keep_open};
    }

    net::FrameReply refuse(const std::string& cause) {
        log_("refused " + peer_.address + ": " + cause);
        return answer(encode(ErrorChain{}.add("LAS refused the message").add(cause)), false);
    }

    net::FrameReply hello(const Frame& frame) {
        auto message = channel::decode_las_hello(frame.payload.expose());
        if (!message)
            return refuse(message.error().text);
        client_ = printable(message->client);
        channel::LasTarget target = backend_.target();
        target.las = las_name_;
        return answer(encode(target), true);
    }

    net::FrameReply quote(const Frame& frame) {
        auto message = channel::decode_quote_request(frame.payload.expose());
        if (!message)
            return refuse(message.error().text);
        if (++quotes_ > kMaxQuotesPerConnection)
            return refuse("more than 16 quotes on one connection");
        auto made = backend_.quote(message->report);
        if (!made) {
            log_("no quote for " + peer_.address + ": " + made.error().causes.back().text);
            return answer(encode(made.error()), true);
        }
        log_("quote for " + peer_.address + " (" + client_ + ")");
        return answer(encode(channel::QuoteReply{backend_.target().kind, std::move(*made)}), true);
    }

    const QuotingBackend& backend_;
    std::string las_name_;
    LogLine log_;
    net::Peer peer_;
    std::string client_ = "no hello";
    int quotes_ = 0;
};

}  // namespace

net::MakeProtocol quote_service(const QuotingBackend& backend, std::string las_name, LogLine log) {
    return net::serve_frames(kMaxRequestSize, [&backend, name = std::move(las_name),
                                               log = std::move(log)](net::Peer peer) {
        return std::make_unique<QuoteSession>(backend, name, log, std::move(peer));
    });
}

}  // namespace scone::las
