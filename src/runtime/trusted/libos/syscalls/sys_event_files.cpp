// eventfd, timerfd, signalfd, inotify: descriptors that exist to be waited for
//
// Source: eventfd(2), timerfd_create(2), signalfd(2), inotify(7)
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/net/host_event_file.h"
#include "runtime/trusted/libos/net/signal_file.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/syscalls/handlers.h"
#include "runtime/trusted/libos/vfs/vfs.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::host_call;
using enclave::Interruptible;

constexpr uint64_t kMaximumFd = 1 << 24;

SyscallResult add_file(Call& call, Ref<File> file, uint32_t flags) {
    return static_cast<uint64_t>(SCONE_TRY(
        call.process().files->add(file, flags & kO_CLOEXEC ? CloseOnExec::Yes : CloseOnExec::No)));
}

SyscallResult add_event_file(Call& call, int64_t host_fd, uint32_t flags, FileKind kind,
                             std::string_view name) {
    if (host_fd < 0)
        return from_kernel(host_fd);
    auto file = make_ref<HostEventFile>(static_cast<int>(host_fd), kO_RDWR | (flags & kO_NONBLOCK),
                                        kind, name);
    if (!file) {
        enclave::host_close(static_cast<int>(host_fd));
        return error(kENOMEM);
    }
    return add_file(call, file, flags);
}

Result<uint64_t> host_fd_of(Call& call, FileKind kind) {
    Ref<File> file = SCONE_TRY(call.file(0));
    if (file->kind() != kind)
        return error(kEINVAL);
    return static_cast<uint64_t>(file->host_descriptor());
}

SyscallResult add_signal_file(Call& call, uint32_t flags) {
    if (call.arg[2] != sizeof(SignalMask) || (flags & ~(kO_CLOEXEC | kO_NONBLOCK)))
        return error(kEINVAL);
    SignalMask mask = SCONE_TRY(AppPtr<SignalMask>(call.arg[1]).load());
    if (call.fd(0) != -1) {
        Ref<File> file = SCONE_TRY(call.file(0));
        if (file->kind() != FileKind::Signalfd)
            return error(kEINVAL);
        static_cast<SignalFile&>(*file).set_mask(mask);
        return call.u32(0);
    }
    auto file = make_ref<SignalFile>(mask, kO_RDWR | (flags & kO_NONBLOCK));
    if (!file)
        return error(kENOMEM);
    return add_file(call, file, flags);
}

}  // namespace

SyscallResult sys_eventfd2(Call& call) {
    if (call.u32(1) & ~(kO_CLOEXEC | kO_NONBLOCK | 1))
        return error(kEINVAL);
    int64_t fd = enclave::checked_result(
        host_call(__NR_eventfd2, Interruptible::No, call.arg[0], call.u32(1) | kO_CLOEXEC),
        kMaximumFd);
    return add_event_file(call, fd, call.u32(1), FileKind::Eventfd, "anon_inode:[eventfd]");
}
SyscallResult sys_eventfd(Call& call) {
    call.arg[1] = 0;
    return sys_eventfd2(call);
}

SyscallResult sys_timerfd_create(Call& call) {
    int64_t fd = enclave::checked_result(
        host_call(__NR_timerfd_create, Interruptible::No, call.arg[0], call.u32(1) | kO_CLOEXEC),
        kMaximumFd);
    return add_event_file(call, fd, call.u32(1), FileKind::Timerfd, "anon_inode:[timerfd]");
}
SyscallResult sys_timerfd_settime(Call& call) {
    uint64_t timer[4], old[4];
    SCONE_TRY(copy_from_program(timer, call.arg[2], sizeof timer));
    uint64_t fd = SCONE_TRY(host_fd_of(call, FileKind::Timerfd));
    uint64_t in = enclave::window_data() + enclave::kResultArea, out = in + 64;
    enclave::copy_to_host(in, timer, sizeof timer);
    int64_t result = enclave::checked_result(
        host_call(__NR_timerfd_settime, Interruptible::No, fd, call.u32(1), in, out), 0);
    if (result == 0 && call.arg[3] != 0) {
        enclave::copy_from_host(old, out, sizeof old);
        SCONE_TRY(copy_to_program(call.arg[3], old, sizeof old));
    }
    return from_kernel(result);
}
SyscallResult sys_timerfd_gettime(Call& call) {
    uint64_t fd = SCONE_TRY(host_fd_of(call, FileKind::Timerfd));
    uint64_t timer[4];
    int64_t result =
        enclave::host_structure_call(__NR_timerfd_gettime, 1, timer, 0, sizeof timer, fd);
    if (result >= 0)
        SCONE_TRY(copy_to_program(call.arg[1], timer, sizeof timer));
    return from_kernel(result);
}

SyscallResult sys_signalfd4(Call& call) {
    return add_signal_file(call, call.u32(3));
}
SyscallResult sys_signalfd(Call& call) {
    return add_signal_file(call, 0);
}

SyscallResult sys_inotify_init1(Call& call) {
    int64_t fd = enclave::checked_result(
        host_call(__NR_inotify_init1, Interruptible::No, call.u32(0) | kO_CLOEXEC), kMaximumFd);
    return add_event_file(call, fd, call.u32(0), FileKind::Inotify, "anon_inode:inotify");
}
SyscallResult sys_inotify_init(Call& call) {
    call.arg[0] = 0;
    return sys_inotify_init1(call);
}
// The file is opened by the program's name for it, and the host watches what that is for the host.
SyscallResult sys_inotify_add_watch(Call& call) {
    constexpr uint32_t kDontFollow = 0x02000000, kOnlyDirectory = 0x01000000;
    uint64_t fd = SCONE_TRY(host_fd_of(call, FileKind::Inotify));
    Path given, path;
    SCONE_TRY(copy_path(given, call.arg[1]));
    SCONE_TRY(vfs::absolute_path(kAT_FDCWD, given.view(), path));
    uint32_t flags = kO_PATH | (call.u32(2) & kDontFollow ? kO_NOFOLLOW : 0) |
                     (call.u32(2) & kOnlyDirectory ? kO_DIRECTORY : 0);
    Ref<File> file = SCONE_TRY(vfs::open(path.view(), flags, 0));
    if (file->host_descriptor() < 0)
        return error(kENOSPC);  // nobody tells about changes in the enclave: programs then poll
    FixedText<40> name;
    name.append("/proc/self/fd/").append_number(static_cast<uint64_t>(file->host_descriptor()));
    enclave::copy_to_host(enclave::window_data(), name.c_str(), name.size() + 1);
    return from_kernel(
        enclave::checked_result(host_call(__NR_inotify_add_watch, Interruptible::No, fd,
                                          enclave::window_data(), call.u32(2) & ~kDontFollow),
                                INT32_MAX));
}
SyscallResult sys_inotify_rm_watch(Call& call) {
    uint64_t fd = SCONE_TRY(host_fd_of(call, FileKind::Inotify));
    return from_kernel(enclave::checked_result(
        host_call(__NR_inotify_rm_watch, Interruptible::No, fd, call.u32(1)), 0));
}

}  // namespace scone::libos
