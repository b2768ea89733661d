#include "lib/channel/frame.h"

#include "lib/base/endian.h"

namespace scone::channel {
namespace {

constexpr size_t kSizeField = 4;
constexpr size_t kTypeAndVersion = 4;

}  // namespace

Result<crypto::SecretBytes> encode_frame(MessageType type, Bytes payload) {
    if (payload.size() > kMaxFrameSize - kTypeAndVersion)
        return error(ErrorCode::TooLarge, "message above 8 MiB", payload.size());
    ByteArray<kFrameHeaderSize> header;
    base::store_le32(header.data(), static_cast<uint32_t>(payload.size() + kTypeAndVersion));
    base::store_le16(header.data() + 4, static_cast<uint16_t>(type));
    base::store_le16(header.data() + 6, kProtocolVersion);
    crypto::SecretBytes frame{Bytes(header)};
    frame.append(payload);
    return frame;
}

Result<Frame> decode_frame_body(Bytes body) {
    if (body.size() < kTypeAndVersion)
        return error(ErrorCode::Malformed, "frame is too short for its header", body.size());
    uint16_t version = base::load_le16(body.data() + 2);
    if (version != kProtocolVersion)
        return error(ErrorCode::WrongVersion, "frame of another protocol version than 1", version);
    return Frame{static_cast<MessageType>(base::load_le16(body.data())),
                 crypto::SecretBytes(body.subspan(kTypeAndVersion))};
}

Result<std::optional<Frame>> FrameReader::next() {
    Bytes data = buffer_.expose();
    if (data.size() < kSizeField)
        return std::nullopt;
    size_t size = base::load_le32(data.data());
    if (size < kTypeAndVersion)
        return error(ErrorCode::Malformed, "frame is too short for its header", size);
    if (size > largest_)
        return error(ErrorCode::TooLarge, "frame is larger than accepted here", size);
    if (data.size() - kSizeField < size)
        return std::nullopt;
    Frame frame = SCONE_TRY(decode_frame_body(data.subspan(kSizeField, size)));
    buffer_ = crypto::SecretBytes(data.subspan(kSizeField + size));
    return frame;
}

}  // namespace scone::channel
