#include "runtime/trusted/libos/start/host_stream.h"

#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/text.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::host_call;
using enclave::Interruptible;

constexpr uint64_t kInet = 2, kInet6 = 10, kStream = 1, kCloexec = 02000000;
constexpr uint64_t kTimeoutSeconds = 30;
constexpr int64_t kMaximumAddresses = 64;

struct Address {
    uint32_t family;
    uint8_t bytes[16];
};
static_assert(sizeof(Address) == 20);

bool split(std::string_view text, std::string_view& host, uint64_t& port) {
    size_t colon = text.size();
    bool bracket = !text.empty() && text[0] == '[';
    for (size_t i = text.size(); i-- > 0;) {
        if (text[i] == ']')
            break;
        if (text[i] == ':') {
            colon = i;
            break;
        }
    }
    host = {text.data(), colon};
    if (bracket)
        host = {text.data() + 1, colon >= 2 ? colon - 2 : 0};
    if (colon == text.size())
        return !host.empty();
    port = 0;
    for (size_t i = colon + 1; i < text.size(); i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        port = port * 10 + static_cast<uint64_t>(text[i] - '0');
        if (port > 65535)
            return false;
    }
    return port != 0 && !host.empty();
}

Result<HostStream> connect_one(const Address& address, uint16_t port) {
    int64_t fd = enclave::checked_result(
        host_call(__NR_socket, Interruptible::No, address.family, kStream | kCloexec, 0), 1 << 24);
    if (fd < 0)
        return error(static_cast<int>(-fd));
    uint8_t out[32] = {};
    out[0] = static_cast<uint8_t>(address.family);
    out[2] = static_cast<uint8_t>(port >> 8);
    out[3] = static_cast<uint8_t>(port);
    bool ipv6 = address.family == kInet6;
    __builtin_memcpy(out + (ipv6 ? 8 : 4), address.bytes, ipv6 ? 16 : 4);
    uint64_t at = enclave::window_data();
    // Neither peer may make the start wait for ever.
    set_stream_timeout({static_cast<int32_t>(fd)}, kTimeoutSeconds);
    enclave::copy_to_host(at, out, sizeof out);
    int64_t result =
        host_call(__NR_connect, Interruptible::No, static_cast<uint64_t>(fd), at, ipv6 ? 28 : 16);
    if (result < 0) {
        enclave::host_close(static_cast<int>(fd));
        return error(result >= -4095 ? static_cast<int>(-result) : kEIO);
    }
    return HostStream{static_cast<int32_t>(fd)};
}

}  // namespace

Result<HostStream> connect_to(std::string_view text, uint16_t default_port) {
    std::string_view host;
    uint64_t port = default_port;
    if (!split(text, host, port) || host.size() > 255)
        return error(kEINVAL);
    uint8_t name[264] = {};
    __builtin_memcpy(name, host.data(), host.size());
    enclave::copy_to_host(enclave::window_data(), name, host.size());
    int64_t count = enclave::checked_result(host_call(boundary::kHostResolveName, Interruptible::No,
                                                      enclave::window_data(), host.size()),
                                            kMaximumAddresses);
    if (count <= 0)
        return error(count == 0 ? kENOENT : static_cast<int>(-count));
    Address addresses[kMaximumAddresses + 1];
    enclave::copy_from_host(addresses, enclave::window_data(),
                            static_cast<uint64_t>(count) * sizeof(Address));
    Result<HostStream> last = error(kENOENT);
    for (int64_t i = 0; i < count; i++) {
        if (addresses[i].family != kInet && addresses[i].family != kInet6)
            continue;
        last = connect_one(addresses[i], static_cast<uint16_t>(port));
        if (last)
            break;
    }
    return last;
}

void set_stream_timeout(HostStream stream, uint64_t seconds) {
    constexpr uint64_t kSolSocket = 1, kRcvTimeout = 20, kSndTimeout = 21;
    const uint64_t timeout[2] = {seconds, 0};
    uint64_t at = enclave::window_data();
    enclave::copy_to_host(at, timeout, sizeof timeout);
    for (uint64_t option : {kRcvTimeout, kSndTimeout})
        host_call(__NR_setsockopt, Interruptible::No, static_cast<uint64_t>(stream.host_fd),
                  kSolSocket, option, at, sizeof timeout);
}

void close_stream(HostStream stream) {
    enclave::host_close(stream.host_fd);
}

int64_t read_stream(void* stream, uint8_t* buffer, uint64_t size) {
    if (size > enclave::window_data_size())
        size = enclave::window_data_size();
    int64_t count = enclave::checked_result(
        host_call(__NR_read, Interruptible::No,
                  static_cast<uint64_t>(static_cast<HostStream*>(stream)->host_fd),
                  enclave::window_data(), size),
        size);
    if (count > 0)
        enclave::copy_from_host(buffer, enclave::window_data(), static_cast<uint64_t>(count));
    return count == -kEAGAIN ? -kETIMEDOUT : count;
}

int64_t write_stream(void* stream, const uint8_t* data, uint64_t size) {
    if (size > enclave::window_data_size())
        size = enclave::window_data_size();
    enclave::copy_to_host(enclave::window_data(), data, size);
    constexpr uint64_t kMsgNosignal = 0x4000;
    int64_t count = enclave::checked_result(
        host_call(__NR_sendto, Interruptible::No,
                  static_cast<uint64_t>(static_cast<HostStream*>(stream)->host_fd),
                  enclave::window_data(), size, kMsgNosignal, 0, 0),
        size);
    return count == -kEAGAIN ? -kETIMEDOUT : count;
}

}  // namespace scone::libos
