#include "runtime/trusted/libos/net/control_messages.h"

#include "lib/base/checked.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/net/socket.h"
#include "runtime/trusted/libos/program_memory.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using namespace socket_area;

constexpr int32_t kSolSocket = 1, kScmRights = 1;
constexpr uint64_t kMessageHead = 16;  // struct cmsghdr

// The messages of one call on the runtime's heap.
class ControlBuffer {
  public:
    explicit ControlBuffer(uint64_t size)
        : bytes_(static_cast<uint8_t*>(enclave::heap_allocate(size + 8))), size_(size) {}
    ~ControlBuffer() { enclave::heap_free(bytes_); }
    ControlBuffer(const ControlBuffer&) = delete;
    ControlBuffer& operator=(const ControlBuffer&) = delete;
    uint8_t* bytes() { return bytes_; }

    // Calls visit(descriptor) for each descriptor of each SCM_RIGHTS message; what it hands back
    // takes the descriptor's place. Malformed messages are `malformed`.
    template <class F>
    Result<void> for_each_descriptor(int malformed, F&& visit) {
        for (uint64_t at = 0; size_ - at >= kMessageHead;) {
            uint64_t length;
            int32_t level, type;
            __builtin_memcpy(&length, bytes_ + at, sizeof length);
            __builtin_memcpy(&level, bytes_ + at + 8, sizeof level);
            __builtin_memcpy(&type, bytes_ + at + 12, sizeof type);
            if (length < kMessageHead || length > size_ - at)
                return error(malformed);
            if (level == kSolSocket && type == kScmRights) {
                for (uint64_t entry = at + kMessageHead; entry + 4 <= at + length; entry += 4) {
                    int32_t fd;
                    __builtin_memcpy(&fd, bytes_ + entry, sizeof fd);
                    fd = SCONE_TRY(visit(fd));
                    __builtin_memcpy(bytes_ + entry, &fd, sizeof fd);
                }
            }
            uint64_t next = base::round_up(length, 8);
            if (next > size_ - at)
                break;
            at += next;
        }
        return {};
    }

  private:
    uint8_t* bytes_;
    uint64_t size_;
};

// HOST: what kind of file it is and its flags are the host's word.
Result<Ref<File>> adopt_received(int32_t host_fd) {
    constexpr uint64_t kFGetfl = 3;
    constexpr uint32_t kKept = kO_ACCMODE | kO_NONBLOCK | kO_APPEND | kO_DIRECT | kO_PATH;
    if (host_fd < 0)
        return error(kEIO);
    int64_t flags =
        enclave::checked_result(enclave::host_call(__NR_fcntl, enclave::Interruptible::No,
                                                   static_cast<uint64_t>(host_fd), kFGetfl),
                                INT32_MAX);
    if (flags < 0)
        return error(static_cast<int>(-flags));
    return adopt_host_descriptor(host_fd, static_cast<uint32_t>(flags) & kKept, "anon_inode:[fd]");
}

}  // namespace

Result<uint64_t> put_control_messages(Call& call, uint64_t address, uint64_t size,
                                      Vector<Ref<File>>& held) {
    if (size > kControlSize)
        return error(kEINVAL);
    ControlBuffer control(size);
    if (control.bytes() == nullptr)
        return error(kENOMEM);
    SCONE_TRY(copy_from_program(control.bytes(), address, size));
    SCONE_TRY(control.for_each_descriptor(kEINVAL, [&](int32_t fd) -> Result<int32_t> {
        Ref<File> file = SCONE_TRY(call.process().files->get(fd));
        int host_fd = SCONE_TRY(file->poll_descriptor());
        // A file of the enclave has nothing that another process could be given.
        if (host_fd < 0 || file->polls_in_enclave())
            return error(kEOPNOTSUPP);
        if (!held.push(file))
            return error(kENOMEM);
        return host_fd;
    }));
    enclave::copy_to_host(at(kControl), control.bytes(), size);
    return size;
}

Result<uint64_t> take_control_messages(Call& call, uint64_t address, uint64_t room,
                                       uint64_t host_size, bool close_on_exec) {
    uint64_t size = host_size < room ? host_size : room;
    if (size == 0)
        return 0;
    ControlBuffer control(size);
    if (control.bytes() == nullptr)
        return error(kENOMEM);
    enclave::copy_from_host(control.bytes(), at(kControl), size);
    SCONE_TRY(control.for_each_descriptor(kEIO, [&](int32_t fd) -> Result<int32_t> {
        Ref<File> file = SCONE_TRY(adopt_received(fd));
        return call.process().files->add(file, close_on_exec ? CloseOnExec::Yes : CloseOnExec::No);
    }));
    SCONE_TRY(copy_to_program(address, control.bytes(), size));
    return size;
}

}  // namespace scone::libos
