#include "services/net/las_client.h"

#include "services/net/frame_client.h"

namespace scone::net {

using text::ExitCode;
using text::failure;

text::Outcome<channel::LasTarget> probe_las(const Endpoint& las, const std::string& client,
                                            int timeout_ms) {
    auto not_las = [&](const std::string& why) {
        return failure(ExitCode::Failed, "what answers at " + las.text() + " is not LAS: " + why);
    };
    FrameClient frames(SCONE_TRY(TcpClient::connect(las, timeout_ms)));
    auto hello = channel::encode(channel::LasHello{client});
    if (!hello)
        return failure(ExitCode::Failed, hello.error().text);
    // encode() writes the length, FrameClient too.
    SCONE_TRY(frames.send(hello->expose().subspan(4), timeout_ms));
    std::vector<uint8_t> frame = SCONE_TRY(frames.receive(timeout_ms));
    if (frame.size() < 4)
        return not_las("a frame without type");
    auto type = static_cast<channel::MessageType>(base::load_le16(frame.data()));
    base::Bytes payload = base::Bytes(frame).subspan(4);
    if (type == channel::MessageType::ErrorChain) {
        auto chain = channel::decode_error_chain(payload);
        return chain ? failure(ExitCode::Failed, "LAS sent an error:\n" + print_error_chain(*chain))
                     : not_las(chain.error().text);
    }
    if (type != channel::MessageType::LasTarget)
        return not_las("an unexpected answer");
    auto target = channel::decode_las_target(payload);
    if (!target)
        return not_las(target.error().text);
    return std::move(*target);
}

}  // namespace scone::net
