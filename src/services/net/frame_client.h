// Frames (u32 LE length, then bytes) over a blocking connection: clients of LAS and of CAS's
// enclave port that are no enclaves, such as `scone las probe`, tests and benchmarks.
//
// Side:    host
// Errors:  Unreachable; Failed (a frame above the limit)
// Source:  docs/formats/enclave-protocol.md
#pragma once

#include <array>
#include <vector>

#include "lib/base/endian.h"
#include "services/net/frame_server.h"
#include "services/net/tcp_client.h"
#include "services/net/tls_client.h"

namespace scone::net {

// Connection: TcpClient or TlsClient.
template <class Connection>
class FrameClient {
  public:
    explicit FrameClient(Connection connection) : connection_(std::move(connection)) {}

    text::Outcome<void> send(base::Bytes frame, int timeout_ms) {
        std::vector<uint8_t> message(4 + frame.size());
        base::store_le32(message.data(), static_cast<uint32_t>(frame.size()));
        base::copy_bytes(std::span(message).subspan(4), frame);
        return connection_.write_all(message, timeout_ms);
    }
    // The next frame without its length.
    text::Outcome<std::vector<uint8_t>> receive(int timeout_ms) {
        std::array<uint8_t, 4> length;
        SCONE_TRY(read_exactly(length, timeout_ms));
        uint32_t size = base::load_le32(length.data());
        if (size == 0 || size > kMaxFrameSize)
            return text::failure(text::ExitCode::Failed,
                                 "frame of " + std::to_string(size) + " bytes");
        std::vector<uint8_t> frame(size);
        SCONE_TRY(read_exactly(frame, timeout_ms));
        return frame;
    }
    Connection& connection() { return connection_; }

  private:
    text::Outcome<void> read_exactly(base::MutableBytes out, int timeout_ms) {
        while (!out.empty()) {
            size_t count = SCONE_TRY(connection_.read_some(out, timeout_ms));
            if (count == 0)
                return text::failure(text::ExitCode::Unreachable, "the peer closed the connection");
            out = out.subspan(count);
        }
        return {};
    }
    Connection connection_;
};

}  // namespace scone::net
