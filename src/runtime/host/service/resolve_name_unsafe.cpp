#include <ares.h>
#include <netinet/in.h>
#include <poll.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "runtime/host/service/resolve_name.h"

namespace scone::service {
namespace {

constexpr uint64_t kMaxName = 253;
constexpr uint64_t kEntrySize = 20;
constexpr int kTotalTimeoutMs = 15000;

struct Answer {
    bool done = false;
    int status = ARES_ENOTFOUND;
    uint8_t* out;
    uint64_t room;
    int64_t count = 0;
};

void append(Answer& answer, int family, const void* address, size_t size) {
    if ((static_cast<uint64_t>(answer.count) + 1) * kEntrySize > answer.room)
        return;
    uint8_t* entry = answer.out + static_cast<uint64_t>(answer.count) * kEntrySize;
    std::memset(entry, 0, kEntrySize);
    auto number = static_cast<uint32_t>(family);
    std::memcpy(entry, &number, 4);
    std::memcpy(entry + 4, address, size);
    answer.count++;
}

void take_answer(void* argument, int status, int, ares_addrinfo* info) {
    auto& answer = *static_cast<Answer*>(argument);
    answer.done = true;
    answer.status = status;
    if (status != ARES_SUCCESS)
        return;
    for (auto* node = info->nodes; node != nullptr; node = node->ai_next) {
        if (node->ai_family == AF_INET)
            append(answer, AF_INET, &reinterpret_cast<sockaddr_in*>(node->ai_addr)->sin_addr, 4);
        else if (node->ai_family == AF_INET6)
            append(answer, AF_INET6, &reinterpret_cast<sockaddr_in6*>(node->ai_addr)->sin6_addr,
                   16);
    }
    ares_freeaddrinfo(info);
}

// c-ares works until its callback has run; the poll is bounded so that a dead server ends.
void wait_for(ares_channel channel, const Answer& answer) {
    int left_ms = kTotalTimeoutMs;
    while (!answer.done && left_ms > 0) {
        ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
        int mask = ares_getsock(channel, sockets, ARES_GETSOCK_MAXNUM);
        pollfd polled[ARES_GETSOCK_MAXNUM] = {};
        nfds_t count = 0;
        for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
            short events = static_cast<short>((ARES_GETSOCK_READABLE(mask, i) ? POLLIN : 0) |
                                              (ARES_GETSOCK_WRITABLE(mask, i) ? POLLOUT : 0));
            if (events != 0)
                polled[count++] = {sockets[i], events, 0};
        }
        constexpr int kStepMs = 100;
        int ready = poll(polled, count, kStepMs);
        if (ready == 0)
            left_ms -= kStepMs;
        for (nfds_t i = 0; i < count; i++)
            if (polled[i].revents != 0)
                ares_process_fd(channel, polled[i].fd, polled[i].fd);
        if (ready <= 0)
            ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    }
}

}  // namespace

int64_t resolve_name(const NameRequest& request) {
    if (request.name_size == 0 || request.name_size > kMaxName || request.answer_size < kEntrySize)
        return -EINVAL;
    // SAFETY: addresses in the thread's window, outside ELRANGE; the caller checked that.
    std::string name(reinterpret_cast<const char*>(request.name), request.name_size);
    if (name.find('\0') != std::string::npos)
        return -EINVAL;
    Answer answer;
    answer.out = reinterpret_cast<uint8_t*>(request.answer);
    answer.room = request.answer_size;
    // RFC 6761, 6.3: this name never asks a server; images without /etc/hosts need it too.
    if (name == "localhost") {
        constexpr uint8_t kLoopback[] = {127, 0, 0, 1};
        append(answer, AF_INET, kLoopback, sizeof kLoopback);
        append(answer, AF_INET6, &in6addr_loopback, sizeof in6addr_loopback);
        return answer.count;
    }
    ares_channel channel;
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS || ares_init(&channel) != ARES_SUCCESS)
        return -EAGAIN;
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    ares_getaddrinfo(channel, name.c_str(), nullptr, &hints, &take_answer, &answer);
    wait_for(channel, answer);
    ares_destroy(channel);
    if (answer.status == ARES_SUCCESS && answer.count > 0)
        return answer.count;
    if (answer.status == ARES_EBADNAME)
        return -EINVAL;
    return answer.status == ARES_ENOTFOUND || answer.status == ARES_ENODATA ||
                   answer.status == ARES_SUCCESS
               ? -ENOENT
               : -EAGAIN;
}

}  // namespace scone::service
