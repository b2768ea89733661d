// Test support: blocking loopback sockets as transports.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "lib/channel/transport.h"

namespace scone::test {

class Socket {
  public:
    explicit Socket(int fd = -1) : fd_(fd) {}
    Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Socket& operator=(Socket&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Socket() {
        if (fd_ >= 0)
            ::close(fd_);
    }
    int fd() const { return fd_; }
    void shut_down() { ::shutdown(fd_, SHUT_RDWR); }

    channel::Transport transport() {
        timeval limit{10, 0};
        setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        return {this,
                [](void* context, base::MutableBytes buffer) -> int64_t {
                    ssize_t n =
                        recv(static_cast<Socket*>(context)->fd_, buffer.data(), buffer.size(), 0);
                    return n < 0 ? -errno : n;
                },
                [](void* context, base::Bytes data) -> int64_t {
                    ssize_t n = send(static_cast<Socket*>(context)->fd_, data.data(), data.size(),
                                     MSG_NOSIGNAL);
                    return n < 0 ? -errno : n;
                }};
    }

  private:
    int fd_;
};

inline sockaddr_in loopback(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

// Descriptor -1 when nothing listens.
inline Socket connect_to(uint16_t port) {
    Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = loopback(port);
    if (::connect(socket.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        return Socket();
    return socket;
}

}  // namespace scone::test
