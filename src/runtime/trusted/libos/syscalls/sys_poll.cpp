// poll, select, epoll and the descriptors that exist to be waited for
//
// Source: poll(2), select(2), epoll(7), eventfd(2), timerfd_create(2)
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/fs/host_file.h"
#include "runtime/trusted/libos/net/epoll.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/syscalls/handlers.h"
#include "runtime/trusted/libos/task/interruption.h"
#include "runtime/trusted/libos/time/clock.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::host_call;
using enclave::Interruptible;

struct PollFd {
    int32_t fd;
    int16_t events, revents;
};
constexpr uint64_t kMaximumPoll = 16384;

struct Timeout {
    bool forever = true;
    uint64_t nanoseconds = 0;
};

// For the time of the call, as ppoll, pselect and epoll_pwait want it.
Result<void> set_temporary_mask(Call& call, uint64_t address, uint64_t size) {
    if (address == 0)
        return {};
    if (size != sizeof(SignalMask))
        return error(kEINVAL);
    SignalMask mask = SCONE_TRY(AppPtr<SignalMask>(address).load());
    enclave::Guard guard(call.process().handlers->lock);
    call.thread.saved_mask = call.thread.mask;
    call.thread.restore_saved_mask = true;
    call.thread.mask = mask & ~kUnblockable;
    return {};
}

// The mask stays for a signal that is delivered now; otherwise the old one is back at once.
void end_temporary_mask(Call& call, bool interrupted) {
    if (!interrupted && call.thread.restore_saved_mask) {
        enclave::Guard guard(call.process().handlers->lock);
        call.thread.mask = call.thread.saved_mask;
        call.thread.restore_saved_mask = false;
    }
}

// Polls the host's descriptors; `list` holds the program's numbers, `files` what they name.
// Files that live in the enclave answer at once, and the host is then only looked at.
Result<uint64_t> poll_files(PollFd* list, const Ref<File>* files, uint64_t count,
                            const Timeout& timeout) {
    auto* host = static_cast<PollFd*>(enclave::heap_allocate(count * sizeof(PollFd) + 8));
    if (host == nullptr)
        return error(kENOMEM);
    uint64_t ready = 0;
    for (uint64_t i = 0; i < count; i++) {
        list[i].revents = 0;
        host[i] = {-1, list[i].events, 0};
        if (list[i].fd < 0)
            continue;
        if (!files[i]) {
            list[i].revents = static_cast<int16_t>(kPollNval);
        } else if (files[i]->host_descriptor() >= 0) {
            host[i].fd = files[i]->host_descriptor();
        } else {
            uint32_t now = files[i]->poll_now();
            list[i].revents = static_cast<int16_t>(
                now & (static_cast<uint32_t>(list[i].events) | kPollErr | kPollHup));
        }
        ready += list[i].revents != 0;
    }
    uint64_t at = enclave::window_data() + enclave::kResultArea;
    Timespec time{static_cast<int64_t>(timeout.nanoseconds / 1'000'000'000),
                  static_cast<int64_t>(timeout.nanoseconds % 1'000'000'000)};
    if (ready > 0)
        time = {};
    enclave::copy_to_host(at, &time, sizeof time);
    enclave::copy_to_host(at + 64, host, count * sizeof(PollFd));
    int64_t result =
        enclave::checked_result(host_call(__NR_ppoll, Interruptible::Yes, at + 64, count,
                                          ready > 0 || !timeout.forever ? at : 0, 0, 8),
                                count);
    if (result < 0 && ready == 0) {
        enclave::heap_free(host);
        return std::unexpected(interrupted_or(result, kERESTARTNOHAND).error());
    }
    if (result > 0) {
        enclave::copy_from_host(host, at + 64, count * sizeof(PollFd));
        for (uint64_t i = 0; i < count; i++) {
            if (list[i].fd < 0 || !files[i] || files[i]->host_descriptor() < 0)
                continue;
            // HOST: only what was asked for, and the conditions that always count.
            auto asked =
                static_cast<int16_t>(list[i].events | static_cast<int16_t>(kPollErr | kPollHup));
            list[i].revents = static_cast<int16_t>(host[i].revents & asked);
            ready += list[i].revents != 0;
        }
    }
    enclave::heap_free(host);
    return ready;
}

struct PollList {
    Vector<PollFd> entries;
    Vector<Ref<File>> files;
    Result<void> add(Call& call, int fd, int16_t events) {
        Ref<File> file;
        if (fd >= 0) {
            auto found = call.process().files->get(fd);
            if (found)
                file = *found;
        }
        if (!entries.push({fd, events, 0}) || !files.push(file))
            return error(kENOMEM);
        return {};
    }
};

SyscallResult do_poll(Call& call, const Timeout& timeout) {
    uint64_t count = call.u32(1);
    uint64_t room = (enclave::window_data_size() - enclave::kResultArea - 64) / sizeof(PollFd);
    if (count > kMaximumPoll || count > room)
        return error(kEINVAL);
    PollList list;
    for (uint64_t i = 0; i < count; i++) {
        PollFd entry = SCONE_TRY(AppPtr<PollFd>(call.arg[0]).load(i));
        SCONE_TRY(list.add(call, entry.fd, entry.events));
    }
    uint64_t ready = SCONE_TRY(poll_files(list.entries.data(), list.files.data(), count, timeout));
    SCONE_TRY(copy_to_program(call.arg[0], list.entries.data(), count * sizeof(PollFd)));
    return ready;
}

constexpr unsigned kSetBits = 1024;
struct FdSet {
    uint64_t bits[kSetBits / 64];
    bool has(int fd) const { return bits[fd / 64] >> fd % 64 & 1; }
    void put(int fd) { bits[fd / 64] |= 1ull << fd % 64; }
};

SyscallResult do_select(Call& call, const Timeout& timeout) {
    constexpr int16_t kRead = kPollIn | 0x40 | 0x80, kWrite = kPollOut | 0x100 | 0x200,
                      kExcept = kPollPri;
    int limit = call.fd(0);
    if (limit < 0)
        return error(kEINVAL);
    if (limit > static_cast<int>(kSetBits))
        limit = kSetBits;
    uint64_t bytes = (static_cast<uint64_t>(limit) + 63) / 64 * 8;
    FdSet in[3] = {}, out[3] = {};
    for (unsigned i = 0; i < 3; i++)
        if (call.arg[i + 1] != 0)
            SCONE_TRY(copy_from_program(&in[i], call.arg[i + 1], bytes));
    PollList list;
    for (int fd = 0; fd < limit; fd++) {
        int16_t events =
            static_cast<int16_t>((in[0].has(fd) ? kRead : 0) | (in[1].has(fd) ? kWrite : 0) |
                                 (in[2].has(fd) ? kExcept : 0));
        if (events == 0)
            continue;
        if (!call.process().files->get(fd))
            return error(kEBADF);
        SCONE_TRY(list.add(call, fd, events));
    }
    SCONE_TRY(poll_files(list.entries.data(), list.files.data(), list.entries.size(), timeout));
    uint64_t ready = 0;
    for (const PollFd& entry : list.entries) {
        auto got = static_cast<uint32_t>(entry.revents);
        auto mark = [&](unsigned set, uint32_t mask) {
            if (in[set].has(entry.fd) && (got & mask)) {
                out[set].put(entry.fd);
                ready++;
            }
        };
        mark(0, kRead | kPollErr | kPollHup);
        mark(1, kWrite | kPollErr);
        mark(2, kExcept);
    }
    for (unsigned i = 0; i < 3; i++)
        if (call.arg[i + 1] != 0)
            SCONE_TRY(copy_to_program(call.arg[i + 1], &out[i], bytes));
    return ready;
}

Result<Timeout> timespec_timeout(uint64_t address) {
    if (address == 0)
        return Timeout{};
    return Timeout{false, SCONE_TRY(timespec_to_ns(SCONE_TRY(AppPtr<Timespec>(address).load())))};
}

bool wants_restart(const SyscallResult& result) {
    return !result && result.error().value >= kERESTARTSYS;
}

}  // namespace

SyscallResult sys_poll(Call& call) {
    int timeout = call.fd(2);
    return do_poll(
        call, timeout < 0 ? Timeout{} : Timeout{false, static_cast<uint64_t>(timeout) * 1'000'000});
}
SyscallResult sys_ppoll(Call& call) {
    Timeout timeout = SCONE_TRY(timespec_timeout(call.arg[2]));
    SCONE_TRY(set_temporary_mask(call, call.arg[3], call.arg[4]));
    auto result = do_poll(call, timeout);
    end_temporary_mask(call, wants_restart(result));
    return result;
}
SyscallResult sys_select(Call& call) {
    Timeout timeout;
    if (call.arg[4] != 0) {
        Timeval t = SCONE_TRY(AppPtr<Timeval>(call.arg[4]).load());
        if (t.seconds < 0 || t.microseconds < 0)
            return error(kEINVAL);
        timeout = {false, SCONE_TRY(timespec_to_ns({t.seconds + t.microseconds / 1'000'000,
                                                    t.microseconds % 1'000'000 * 1000}))};
    }
    return do_select(call, timeout);
}
SyscallResult sys_pselect6(Call& call) {
    Timeout timeout = SCONE_TRY(timespec_timeout(call.arg[4]));
    if (call.arg[5] != 0) {
        uint64_t mask[2];
        SCONE_TRY(copy_from_program(mask, call.arg[5], sizeof mask));
        SCONE_TRY(set_temporary_mask(call, mask[0], mask[1]));
    }
    auto result = do_select(call, timeout);
    end_temporary_mask(call, wants_restart(result));
    return result;
}

SyscallResult sys_epoll_create1(Call& call) {
    if (call.u32(0) & ~kO_CLOEXEC)
        return error(kEINVAL);
    Ref<File> file = SCONE_TRY(make_epoll());
    return static_cast<uint64_t>(SCONE_TRY(call.process().files->add(
        file, call.u32(0) & kO_CLOEXEC ? CloseOnExec::Yes : CloseOnExec::No)));
}
SyscallResult sys_epoll_create(Call& call) {
    if (call.fd(0) <= 0)
        return error(kEINVAL);
    call.arg[0] = 0;
    return sys_epoll_create1(call);
}
SyscallResult sys_epoll_ctl(Call& call) {
    Ref<File> epoll = SCONE_TRY(call.file(0));
    Ref<File> file = SCONE_TRY(call.file(2));
    EpollEvent event{};
    constexpr int kDelete = 2;
    if (call.fd(1) != kDelete)
        event = SCONE_TRY(AppPtr<EpollEvent>(call.arg[3]).load());
    SCONE_TRY(epoll_control(*epoll, call.fd(1), call.fd(2), *file, event));
    return 0;
}
namespace {
SyscallResult epoll_wait_for(Call& call, const Timeout& timeout) {
    if (call.fd(2) <= 0)
        return error(kEINVAL);
    Ref<File> epoll = SCONE_TRY(call.file(0));
    return epoll_wait_events(*epoll, call.arg[1], call.u32(2), timeout.forever,
                             timeout.nanoseconds);
}
Timeout milliseconds(int value) {
    return value < 0 ? Timeout{} : Timeout{false, static_cast<uint64_t>(value) * 1'000'000};
}
}  // namespace
SyscallResult sys_epoll_wait(Call& call) {
    return epoll_wait_for(call, milliseconds(call.fd(3)));
}
SyscallResult sys_epoll_pwait(Call& call) {
    SCONE_TRY(set_temporary_mask(call, call.arg[4], call.arg[5]));
    auto result = epoll_wait_for(call, milliseconds(call.fd(3)));
    end_temporary_mask(call, !result && result.error().value == kEINTR);
    return result;
}
SyscallResult sys_epoll_pwait2(Call& call) {
    Timeout timeout = SCONE_TRY(timespec_timeout(call.arg[3]));
    SCONE_TRY(set_temporary_mask(call, call.arg[4], call.arg[5]));
    auto result = epoll_wait_for(call, timeout);
    end_temporary_mask(call, !result && result.error().value == kEINTR);
    return result;
}

namespace {
SyscallResult adopt(Call& call, int64_t host_fd, uint32_t flags, std::string_view name) {
    if (host_fd < 0)
        return from_kernel(host_fd);
    Ref<File> file =
        SCONE_TRY(adopt_host_descriptor(host_fd, kO_RDWR | (flags & kO_NONBLOCK), name));
    return static_cast<uint64_t>(SCONE_TRY(
        call.process().files->add(file, flags & kO_CLOEXEC ? CloseOnExec::Yes : CloseOnExec::No)));
}
}  // namespace
SyscallResult sys_eventfd2(Call& call) {
    if (call.u32(1) & ~(kO_CLOEXEC | kO_NONBLOCK | 1))
        return error(kEINVAL);
    int64_t fd = enclave::checked_result(
        host_call(__NR_eventfd2, Interruptible::No, call.arg[0], call.u32(1) | kO_CLOEXEC),
        1 << 24);
    return adopt(call, fd, call.u32(1), "anon_inode:[eventfd]");
}
SyscallResult sys_eventfd(Call& call) {
    call.arg[1] = 0;
    return sys_eventfd2(call);
}
SyscallResult sys_timerfd_create(Call& call) {
    int64_t fd = enclave::checked_result(
        host_call(__NR_timerfd_create, Interruptible::No, call.arg[0], call.u32(1) | kO_CLOEXEC),
        1 << 24);
    return adopt(call, fd, call.u32(1), "anon_inode:[timerfd]");
}
namespace {
Result<uint64_t> host_fd_of(Call& call) {
    Ref<File> file = SCONE_TRY(call.file(0));
    if (file->host_descriptor() < 0)
        return error(kEINVAL);
    return static_cast<uint64_t>(file->host_descriptor());
}
}  // namespace
SyscallResult sys_timerfd_settime(Call& call) {
    uint64_t fd = SCONE_TRY(host_fd_of(call));
    uint64_t timer[4], old[4];
    SCONE_TRY(copy_from_program(timer, call.arg[2], sizeof timer));
    int64_t result = enclave::host_structure_call(__NR_timerfd_gettime, 1, old, 0, sizeof old, fd);
    if (result >= 0)
        result = enclave::host_structure_call(__NR_timerfd_settime, 2, timer, sizeof timer, 0, fd,
                                              call.u32(1));
    if (result >= 0 && call.arg[3] != 0)
        SCONE_TRY(copy_to_program(call.arg[3], old, sizeof old));
    return from_kernel(result);
}
SyscallResult sys_timerfd_gettime(Call& call) {
    uint64_t fd = SCONE_TRY(host_fd_of(call));
    uint64_t timer[4];
    int64_t result =
        enclave::host_structure_call(__NR_timerfd_gettime, 1, timer, 0, sizeof timer, fd);
    if (result >= 0)
        SCONE_TRY(copy_to_program(call.arg[1], timer, sizeof timer));
    return from_kernel(result);
}
SyscallResult sys_memfd_create(Call& call) {
    Path name;
    SCONE_TRY(copy_path(name, call.arg[0]));
    if (name.size() > 249)
        return error(kEINVAL);
    constexpr uint32_t kMfdCloexec = 1;
    enclave::copy_to_host(enclave::window_data(), name.c_str(), name.size() + 1);
    int64_t fd =
        enclave::checked_result(host_call(__NR_memfd_create, Interruptible::No,
                                          enclave::window_data(), call.u32(1) | kMfdCloexec),
                                1 << 24);
    return adopt(call, fd, call.u32(1) & kMfdCloexec ? kO_CLOEXEC : 0, "/memfd:");
}

}  // namespace scone::libos
