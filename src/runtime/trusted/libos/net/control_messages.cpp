#include "runtime/trusted/libos/net/control_messages.h"

#include "lib/base/checked.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/net/pair_socket.h"
#include "runtime/trusted/libos/pipe/pipe.h"
#include "runtime/trusted/libos/program_memory.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using namespace socket_area;

constexpr int32_t kSolSocket = 1, kScmRights = 1;

struct MessageHead {  // struct cmsghdr
    uint64_t length;
    int32_t level, type;
};
static_assert(sizeof(MessageHead) == 16);

// The messages of one call, on the runtime's heap.
struct Bytes {
    Vector<uint8_t> data;
    Result<void> append(const void* from, uint64_t size) {
        if (!data.reserve(data.size() + size))
            return error(kENOMEM);
        for (uint64_t i = 0; i < size; i++)
            (void)data.push(static_cast<const uint8_t*>(from)[i]);
        return {};
    }
    Result<void> pad() {
        constexpr uint64_t kZero = 0;
        return append(&kZero, base::round_up(data.size(), 8) - data.size());
    }
};

// Calls visit(head, payload) for each message. Malformed ones are the error `malformed`.
template <class F>
Result<void> for_each_message(const Bytes& bytes, int malformed, F&& visit) {
    uint64_t size = bytes.data.size();
    for (uint64_t at = 0; size - at >= sizeof(MessageHead);) {
        MessageHead head;
        __builtin_memcpy(&head, bytes.data.data() + at, sizeof head);
        if (head.length < sizeof head || head.length > size - at)
            return error(malformed);
        SCONE_TRY(visit(head, bytes.data.data() + at + sizeof head));
        uint64_t next = base::round_up(head.length, 8);
        if (next > size - at)
            break;
        at += next;
    }
    return {};
}

bool is_rights(const MessageHead& head) {
    return head.level == kSolSocket && head.type == kScmRights;
}

// The host's descriptors for one of the program.
Result<void> put_descriptor(Call& call, int32_t fd, Bytes& out, Vector<Ref<File>>& held) {
    Ref<File> file = SCONE_TRY(call.process().files->get(fd));
    Companions companions = SCONE_TRY(file->share());
    for (unsigned i = 0; i < companions.count; i++)
        SCONE_TRY(out.append(&companions.fds[i], sizeof companions.fds[i]));
    int32_t host_fd = file->host_descriptor();
    // A file of the enclave has nothing that another process could be given.
    if (host_fd < 0)
        return error(kEOPNOTSUPP);
    if (!held.push(file))
        return error(kENOMEM);
    return out.append(&host_fd, sizeof host_fd);
}

uint64_t mark_of(int32_t host_fd) {
    constexpr uint64_t kFGetsig = 11;
    return static_cast<uint64_t>(enclave::host_call(__NR_fcntl, enclave::Interruptible::No,
                                                    static_cast<uint64_t>(host_fd), kFGetsig));
}

void close_all(const Companions& companions) {
    for (unsigned i = 0; i < companions.count; i++)
        enclave::host_close(companions.fds[i]);
}

// HOST: what kind of file it is and its flags are the host's word; memory that came before it
// proves itself.
Result<Ref<File>> adopt_received(const Companions& companions, int32_t host_fd) {
    constexpr uint64_t kFGetfl = 3;
    constexpr uint32_t kKept = kO_ACCMODE | kO_NONBLOCK | kO_APPEND | kO_DIRECT | kO_PATH;
    int64_t flags =
        enclave::checked_result(enclave::host_call(__NR_fcntl, enclave::Interruptible::No,
                                                   static_cast<uint64_t>(host_fd), kFGetfl),
                                INT32_MAX);
    bool is_pipe = mark_of(host_fd) == kTokenMark;
    if (flags < 0 || is_pipe != (companions.count == 1)) {
        enclave::host_close(host_fd);
        close_all(companions);
        return error(kEIO);
    }
    auto status = static_cast<uint32_t>(flags) & kKept;
    if (is_pipe)
        return PipeEnd::receive(companions.fds[0], host_fd, status);
    if (companions.count == 2)
        return PairSocket::receive(companions, host_fd, status);
    return adopt_host_descriptor(host_fd, status, "anon_inode:[fd]");
}

// The program's side of a message with descriptors, as far as `room` goes.
Result<void> take_descriptors(Call& call, const uint8_t* payload, uint64_t count, uint64_t room,
                              bool close_on_exec, Bytes& out, bool& truncated) {
    MessageHead head{sizeof(MessageHead), kSolSocket, kScmRights};
    uint64_t head_at = out.data.size();
    SCONE_TRY(out.append(&head, sizeof head));
    Companions companions;
    for (uint64_t i = 0; i < count; i++) {
        int32_t host_fd;
        __builtin_memcpy(&host_fd, payload + i * sizeof host_fd, sizeof host_fd);
        if (host_fd < 0)
            return error(kEIO);
        if (companions.count < 2 && mark_of(host_fd) == channel_key::kMemoryMark) {
            companions.fds[companions.count++] = host_fd;
            continue;
        }
        if (head.length + sizeof(int32_t) > room) {
            truncated = true;
            enclave::host_close(host_fd);
            close_all(companions);
            companions = {};
            continue;
        }
        Ref<File> file = SCONE_TRY(adopt_received(companions, host_fd));
        companions = {};
        int32_t fd = SCONE_TRY(
            call.process().files->add(file, close_on_exec ? CloseOnExec::Yes : CloseOnExec::No));
        SCONE_TRY(out.append(&fd, sizeof fd));
        head.length += sizeof fd;
    }
    close_all(companions);  // memory without its file
    __builtin_memcpy(out.data.data() + head_at, &head, sizeof head);
    return {};
}

}  // namespace

Result<uint64_t> put_control_messages(Call& call, uint64_t address, uint64_t size,
                                      Vector<Ref<File>>& held) {
    if (size > kControlSize)
        return error(kEINVAL);
    Bytes given, out;
    if (!given.data.resize(size))
        return error(kENOMEM);
    SCONE_TRY(copy_from_program(given.data.data(), address, size));
    SCONE_TRY(for_each_message(
        given, kEINVAL, [&](const MessageHead& head, const uint8_t* payload) -> Result<void> {
            uint64_t at = out.data.size();
            SCONE_TRY(out.append(&head, sizeof head));
            uint64_t length = head.length - sizeof head;
            if (!is_rights(head)) {
                SCONE_TRY(out.append(payload, length));
            } else {
                for (uint64_t i = 0; i + sizeof(int32_t) <= length; i += sizeof(int32_t)) {
                    int32_t fd;
                    __builtin_memcpy(&fd, payload + i, sizeof fd);
                    SCONE_TRY(put_descriptor(call, fd, out, held));
                }
            }
            MessageHead changed = head;
            changed.length = out.data.size() - at;
            __builtin_memcpy(out.data.data() + at, &changed, sizeof changed);
            return out.pad();
        }));
    if (out.data.size() > kControlSize)
        return error(kEINVAL);
    enclave::copy_to_host(at(kControl), out.data.data(), out.data.size());
    return out.data.size();
}

Result<TakenMessages> take_control_messages(Call& call, uint64_t address, uint64_t room,
                                            uint64_t host_size, bool close_on_exec) {
    TakenMessages taken;
    Bytes given, out;
    if (!given.data.resize(host_size < kControlSize ? host_size : kControlSize))
        return error(kENOMEM);
    enclave::copy_from_host(given.data.data(), at(kControl), given.data.size());
    SCONE_TRY(for_each_message(
        given, kEIO, [&](const MessageHead& head, const uint8_t* payload) -> Result<void> {
            uint64_t left = room - (out.data.size() < room ? out.data.size() : room);
            uint64_t length = head.length - sizeof head;
            if (is_rights(head)) {
                uint64_t had = out.data.size();
                SCONE_TRY(take_descriptors(call, payload, length / sizeof(int32_t), left,
                                           close_on_exec, out, taken.truncated));
                if (left < sizeof head)
                    return out.data.resize(had) ? Result<void>{} : error(kENOMEM);
            } else if (left < sizeof head) {
                taken.truncated = true;
                return {};
            } else {
                MessageHead cut = head;
                if (cut.length > left) {
                    taken.truncated = true;
                    cut.length = left;
                }
                SCONE_TRY(out.append(&cut, sizeof cut));
                SCONE_TRY(out.append(payload, cut.length - sizeof cut));
            }
            return out.pad();
        }));
    taken.size = out.data.size() < room ? out.data.size() : room;
    if (taken.size > 0)
        SCONE_TRY(copy_to_program(address, out.data.data(), taken.size));
    return taken;
}

}  // namespace scone::libos
