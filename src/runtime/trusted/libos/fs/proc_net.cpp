// /proc/net: the process' own sockets, as it sees them, and the names of the interfaces. What other
// processes have, and counters, are not shown.
//
// HOST: addresses, states and names are its word: what a program asks of a socket is too.
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/fs/proc_row.h"
#include "runtime/trusted/libos/net/socket.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::host_call;
using enclave::Interruptible;

constexpr uint16_t kUnix = 1, kInet = 2, kInet6 = 10;
constexpr uint32_t kStream = 1, kDatagram = 2;
constexpr uint32_t kEstablished = 1, kClosed = 7;  // enum of tcp_states.h

struct Address {
    alignas(8) uint8_t bytes[socket_area::kMaximumAddress] = {};
    uint32_t size = 0;

    uint32_t family() const {
        return size < 2 ? 0 : bytes[0] | static_cast<uint32_t>(bytes[1]) << 8;
    }
    uint32_t word(unsigned at) const {
        uint32_t value;
        __builtin_memcpy(&value, bytes + at, sizeof value);
        return value;
    }
    uint32_t port() const { return static_cast<uint32_t>(bytes[2]) << 8 | bytes[3]; }
};

// With letters as the kernel writes them here, unlike elsewhere in /proc.
TextBuilder& append_hex(TextBuilder& text, uint32_t value, unsigned width) {
    char digits[8];
    for (unsigned i = width; i-- > 0; value >>= 4)
        digits[i] = "0123456789ABCDEF"[value & 15];
    return text.append({digits, width});
}

// Without an answer of size 0.
Address ask_address(uint64_t number, int host_fd) {
    Address address;
    socket_area::set_host_size(sizeof address.bytes);
    int64_t result =
        host_call(number, Interruptible::No, static_cast<uint64_t>(host_fd),
                  socket_area::at(socket_area::kAddress), socket_area::at(socket_area::kHeader));
    uint32_t size = socket_area::host_size();
    if (result != 0 || size > sizeof address.bytes)
        return address;
    enclave::copy_from_host(address.bytes, socket_area::at(socket_area::kAddress),
                            sizeof address.bytes);
    address.size = size;
    return address;
}

// The first four bytes of an option; `otherwise` when it is refused.
uint32_t ask_option(int host_fd, uint64_t level, uint64_t option, uint32_t otherwise) {
    socket_area::set_host_size(sizeof(uint32_t));
    uint64_t value = socket_area::at(socket_area::kPayload);
    int64_t result = host_call(__NR_getsockopt, Interruptible::No, static_cast<uint64_t>(host_fd),
                               level, option, value, socket_area::at(socket_area::kHeader));
    if (result != 0)
        return otherwise;
    return static_cast<uint32_t>(enclave::host_load(reinterpret_cast<const void*>(value)));
}
uint32_t type_of(int host_fd) {
    constexpr uint64_t kSolSocket = 1, kSoType = 3;
    return ask_option(host_fd, kSolSocket, kSoType, 0);
}

// type 0: of every type.
template <class F>
void for_each_socket(const ProcSubject& subject, uint32_t family, uint32_t type, F&& visit) {
    subject.process.files->for_each([&](int, const Ref<File>& file) {
        int fd = file->host_descriptor();
        if (file->kind() != FileKind::Socket || fd < 0)
            return;
        Address own = ask_address(__NR_getsockname, fd);
        if (own.family() != family || (type != 0 && type_of(fd) != type))
            return;
        Stat stat{};
        if (file->stat(stat))
            visit(fd, own, stat);
    });
}

void append_address(TextBuilder& text, const Address& address, uint32_t family) {
    if (family == kInet6)
        for (unsigned at = 8; at < 24; at += 4)
            append_hex(text, address.word(at), 8);
    else
        append_hex(text, address.word(4), 8);
    append_hex(text.append(":"), address.port(), 4).append(" ");
}

template <uint32_t F, uint32_t T>
void internet(TextBuilder& text, const ProcSubject& subject) {
    constexpr uint64_t kTcp = 6, kTcpInfo = 11;
    text.append(F == kInet6
                    ? "  sl  local_address                         remote_address           "
                    : "  sl  local_address rem_address  ");
    text.append(F == kInet6 ? "             st" : " st");
    text.append(" tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n");
    unsigned row = 0;
    for_each_socket(subject, F, T, [&](int fd, const Address& own, const Stat& stat) {
        Address peer = ask_address(__NR_getpeername, fd);
        uint32_t state = T == kStream    ? ask_option(fd, kTcp, kTcpInfo, kClosed) & 0xff
                         : peer.size > 0 ? kEstablished
                                         : kClosed;
        // Linux lists no socket that has neither address nor peer.
        if (state == kClosed && own.port() == 0)
            return;
        text.append(row < 10 ? "   " : row < 100 ? "  " : " ").append_number(row).append(": ");
        row++;
        append_address(text, own, F);
        append_address(text, peer, F);
        append_hex(text, state, 2).append(" 00000000:00000000 00:00000000 00000000 ");
        text.append_number(stat.uid).append(" 0 ").append_number(stat.ino);
        text.append(" 1 0000000000000000 0\n");
    });
}

void local(TextBuilder& text, const ProcSubject& subject) {
    constexpr uint64_t kSolSocket = 1, kSoAcceptConn = 30;
    text.append("Num       RefCount Protocol Flags    Type St Inode Path\n");
    for_each_socket(subject, kUnix, 0, [&](int fd, const Address& own, const Stat& stat) {
        bool listens = ask_option(fd, kSolSocket, kSoAcceptConn, 0) != 0;
        bool connected = ask_address(__NR_getpeername, fd).size > 0;
        text.append("0000000000000000: 00000002 00000000 ");
        text.append(listens ? "00010000 " : "00000000 ");
        append_hex(text, type_of(fd), 4).append(connected ? " 03 " : " 01 ");
        text.append_number(stat.ino);
        if (own.size > 2) {
            bool abstract = own.bytes[2] == 0;
            text.append(abstract ? " @" : " ");
            for (uint32_t at = abstract ? 3 : 2; at < own.size; at++) {
                auto c = static_cast<char>(own.bytes[at]);
                if (c == 0 && !abstract)
                    break;
                text.append(c == 0 ? "@" : std::string_view(&c, 1));
            }
        }
        text.append("\n");
    });
}

constexpr size_t kMaximumInterfaces = 64, kNameSize = 16;
using InterfaceName = char[kNameSize];

// Names come from SIOCGIFCONF: of interfaces that have an address. An alias is no other interface.
size_t interface_names(InterfaceName (&names)[kMaximumInterfaces]) {
    constexpr uint64_t kGetConfiguration = 0x8912, kRequestSize = 40, kCloseOnExec = 02000000;
    int64_t fd = enclave::checked_result(
        host_call(__NR_socket, Interruptible::No, kInet, kDatagram | kCloseOnExec), 1 << 24);
    if (fd < 0)
        return 0;
    uint64_t list = enclave::window_data() + enclave::kResultArea + 64;
    struct {
        int32_t size, pad;
        uint64_t list;
    } wanted{kMaximumInterfaces * kRequestSize, 0, list};
    int64_t result =
        enclave::host_structure_call(__NR_ioctl, 2, &wanted, sizeof wanted, sizeof(uint64_t),
                                     static_cast<uint64_t>(fd), kGetConfiguration);
    uint64_t size = result < 0 ? 0 : static_cast<uint32_t>(wanted.size);
    size_t count = 0;
    for (uint64_t at = 0; at + kRequestSize <= size && count < kMaximumInterfaces;
         at += kRequestSize) {
        char* name = names[count];
        enclave::copy_from_host(name, list + at, kNameSize);
        name[kNameSize - 1] = 0;
        bool usable = name[0] != 0;
        for (size_t i = 0; name[i] != 0; i++)
            usable = usable && name[i] > ' ' && name[i] != ':';
        for (size_t i = 0; i < count; i++)
            usable = usable && std::string_view(names[i]) != name;
        count += usable ? 1 : 0;
    }
    enclave::host_close(static_cast<int>(fd));
    return count;
}

void interfaces(TextBuilder& text, const ProcSubject&) {
    text.append(
        "Inter-|   Receive                                                |  Transmit\n"
        " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs "
        "drop fifo colls carrier compressed\n");
    alignas(8) InterfaceName names[kMaximumInterfaces];
    size_t count = interface_names(names);
    for (size_t i = 0; i < count; i++) {
        std::string_view name = names[i];
        for (size_t width = name.size(); width < 6; width++)
            text.append(" ");
        text.append(name).append(":");
        for (unsigned column = 0; column < 16; column++)
            text.append(" 0");
        text.append("\n");
    }
}

constexpr ProcRow kRows[] = {
    {.path = "/proc/net",
     .target = [](const ProcSubject&, Path& out) -> Result<void> {
         out.append("self/net");
         return {};
     }},
    {"/proc/self/net/tcp", internet<kInet, kStream>},
    {"/proc/self/net/tcp6", internet<kInet6, kStream>},
    {"/proc/self/net/udp", internet<kInet, kDatagram>},
    {"/proc/self/net/udp6", internet<kInet6, kDatagram>},
    {"/proc/self/net/unix", local},
    {"/proc/self/net/dev", interfaces},
};

}  // namespace

std::span<const ProcRow> network_rows() {
    return kRows;
}

}  // namespace scone::libos
