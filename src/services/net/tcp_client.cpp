#include "services/net/tcp_client.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace scone::net {
namespace {

using text::ExitCode;
using text::failure;
using text::Outcome;

auto unreachable(const Endpoint& server, const std::string& why) {
    return failure(ExitCode::Unreachable, "cannot reach " + server.text() + ": " + why, {},
                   "see that it runs and that host and port are right");
}

// True when the connection stands; errno says why not.
bool finish_connect(int descriptor, TimePoint deadline) {
    pollfd wanted{descriptor, POLLOUT, 0};
    for (;;) {
        auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) {
            errno = ETIMEDOUT;
            return false;
        }
        int ready = poll(&wanted, 1, static_cast<int>(left.count()) + 1);
        if (ready < 0 && errno != EINTR)
            return false;
        if (ready > 0)
            break;
    }
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
    errno = error;
    return error == 0;
}

int open_connection(const addrinfo& address, TimePoint deadline) {
    int descriptor = socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return -1;
    bool connected = connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 ||
                     (errno == EINPROGRESS && finish_connect(descriptor, deadline));
    if (connected) {
        int on = 1;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        return descriptor;
    }
    int error = errno;
    close(descriptor);
    errno = error;
    return -1;
}

}  // namespace

Outcome<TcpClient> TcpClient::connect(const Endpoint& server, int timeout_ms) {
    TimePoint deadline = deadline_in(timeout_ms);
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    int error =
        getaddrinfo(server.host.c_str(), std::to_string(server.port).c_str(), &hints, &found);
    if (error != 0)
        return unreachable(server, gai_strerror(error));
    std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
    errno = EADDRNOTAVAIL;
    for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
        int descriptor = open_connection(*address, deadline);
        if (descriptor >= 0)
            return TcpClient(descriptor);
    }
    return unreachable(server, std::strerror(errno));
}

TcpClient& TcpClient::operator=(TcpClient&& other) noexcept {
    if (this != &other) {
        if (descriptor_ >= 0)
            close(descriptor_);
        descriptor_ = other.descriptor_;
        other.descriptor_ = -1;
    }
    return *this;
}

TcpClient::~TcpClient() {
    if (descriptor_ >= 0)
        close(descriptor_);
}

bool TcpClient::wait(Wait what, TimePoint deadline) const {
    pollfd wanted{descriptor_, static_cast<short>(what == Wait::Readable ? POLLIN : POLLOUT), 0};
    for (;;) {
        auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left.count() < 0)
            return false;
        int ready = poll(&wanted, 1, static_cast<int>(left.count()) + 1);
        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR)
            return false;
    }
}

Outcome<void> TcpClient::write_all(base::Bytes bytes, int timeout_ms) {
    TimePoint deadline = deadline_in(timeout_ms);
    while (!bytes.empty()) {
        ssize_t count = send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count > 0) {
            bytes = bytes.subspan(static_cast<size_t>(count));
        } else if (errno == EAGAIN) {
            if (!wait(Wait::Writable, deadline))
                return failure(ExitCode::Unreachable, "the peer took no more data in time");
        } else if (errno != EINTR) {
            return failure(ExitCode::Unreachable, std::strerror(errno), "sending");
        }
    }
    return {};
}

Outcome<size_t> TcpClient::read_some(base::MutableBytes out, int timeout_ms) {
    TimePoint deadline = deadline_in(timeout_ms);
    for (;;) {
        ssize_t count = recv(descriptor_, out.data(), out.size(), 0);
        if (count >= 0)
            return static_cast<size_t>(count);
        if (errno == EAGAIN) {
            if (!wait(Wait::Readable, deadline))
                return failure(ExitCode::Unreachable, "no answer in time");
        } else if (errno != EINTR) {
            return failure(ExitCode::Unreachable, std::strerror(errno), "receiving");
        }
    }
}

}  // namespace scone::net
