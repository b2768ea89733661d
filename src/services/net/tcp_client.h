// A blocking TCP connection with deadlines.
//
// Side:    host
// Units:   timeouts in milliseconds, each for the whole call
// Errors:  Unreachable
#pragma once

#include <chrono>

#include "lib/base/bytes.h"
#include "services/net/endpoint.h"

namespace scone::net {

using TimePoint = std::chrono::steady_clock::time_point;
inline TimePoint deadline_in(int timeout_ms) {
    return std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
}

class TcpClient {
  public:
    static text::Outcome<TcpClient> connect(const Endpoint& server, int timeout_ms);
    TcpClient(TcpClient&& other) noexcept : descriptor_(other.descriptor_) {
        other.descriptor_ = -1;
    }
    TcpClient& operator=(TcpClient&& other) noexcept;
    ~TcpClient();

    text::Outcome<void> write_all(base::Bytes bytes, int timeout_ms);
    // At least one byte; 0 when the peer closed.
    text::Outcome<size_t> read_some(base::MutableBytes out, int timeout_ms);

    enum class Wait : uint8_t { Readable, Writable };
    // False when the deadline passed. The descriptor never blocks.
    bool wait(Wait what, TimePoint deadline) const;
    int descriptor() const { return descriptor_; }

  private:
    explicit TcpClient(int descriptor) : descriptor_(descriptor) {}
    int descriptor_;
};

}  // namespace scone::net
