#include "runtime/trusted/libos/vfs/lock_space.h"

#include "lib/base/checked.h"
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/enclave/sleep_lock.h"
#include "runtime/trusted/libos/fs/host_file.h"
#include "runtime/trusted/libos/task/interruption.h"

namespace scone::libos::lock_space {
namespace {

using namespace linux_abi;
using enclave::Guard;
using enclave::host_call;
using enclave::Interruptible;

enum { kGetlk = 5, kSetlk = 6, kSetlkw = 7, kOfdGetlk = 36, kOfdSetlk = 37, kOfdSetlkw = 38 };
constexpr int16_t kRead = 0, kWrite = 1, kUnlocked = 2;
constexpr int kShared = 1, kExclusive = 2, kNoWait = 4, kUnlock = 8;
constexpr unsigned kStretchBits = 40, kFileBits = 22;
constexpr int64_t kStretch = int64_t{1} << kStretchBits;
constexpr int64_t kWholeFiles = int64_t{1} << (kStretchBits + kFileBits);  // flock's: a byte each

enclave::SleepLock opening;
// Of the host. Closing any descriptor of a file gives back the process' record locks on it, so
// those are on a file of their own, whose descriptor stays open.
std::atomic<int> records_fd{-1}, descriptions_fd{-1};
std::atomic<bool> has_record_locks{false};

Result<int> open_space(std::atomic<int>& descriptor) {
    constexpr uint64_t kCloseOnExec = 1;
    int fd = descriptor.load(std::memory_order_acquire);
    if (fd >= 0)
        return fd;
    Guard guard(opening);
    fd = descriptor.load(std::memory_order_relaxed);
    if (fd >= 0)
        return fd;
    uint64_t name = enclave::window_data() + enclave::kResultArea;
    enclave::copy_to_host(name, "locks", sizeof "locks");
    int64_t result = enclave::checked_result(
        host_call(__NR_memfd_create, Interruptible::No, name, kCloseOnExec), 1 << 24);
    if (result < 0)
        return error(kENOLCK);
    descriptor.store(static_cast<int>(result), std::memory_order_release);
    return static_cast<int>(result);
}

// A description of the host's of its own for each of the program's.
Result<int> description_of(File& file) {
    int space = SCONE_TRY(open_space(descriptions_fd));
    Guard guard(opening);
    if (file.lock_descriptor() >= 0)
        return file.lock_descriptor();
    FixedText<40> path;
    append_host_descriptor_path(path, space);
    int64_t fd = enclave::host_open(path.view(), kO_RDWR | kO_CLOEXEC, 0);
    if (fd < 0)
        return error(kENOLCK);
    file.set_lock_descriptor(static_cast<int>(fd));
    return static_cast<int>(fd);
}

Result<int64_t> stretch_of(File& file) {
    Stat stat{};
    SCONE_TRY(file.stat(stat));
    uint64_t hash = (stat.ino ^ stat.dev << 56) * 0x9e3779b97f4a7c15;
    return static_cast<int64_t>(hash >> (64 - kFileBits)) << kStretchBits;
}

// Makes the range one from the file's start, cut at the stretch's end.
Result<void> place(File& file, RecordLock& lock) {
    int64_t base = 0;
    if (lock.whence == kSEEK_CUR) {
        base = static_cast<int64_t>(SCONE_TRY(file.seek(0, kSEEK_CUR)));
    } else if (lock.whence == kSEEK_END) {
        Stat stat{};
        SCONE_TRY(file.stat(stat));
        base = stat.size;
    } else if (lock.whence != kSEEK_SET) {
        return error(kEINVAL);
    }
    auto start = base::checked_add(base, lock.start);
    if (!start)
        return error(kEOVERFLOW);
    if (lock.length < 0) {
        start = base::checked_add(*start, lock.length);
        if (!start)
            return error(kEINVAL);
        lock.length = -lock.length;
    }
    if (*start < 0)
        return error(kEINVAL);
    auto end = base::checked_add(*start, lock.length);
    if (!end)
        return error(kEOVERFLOW);
    if (lock.length == 0 || *end > kStretch)
        end = kStretch;
    lock.start = *start < kStretch ? *start : kStretch - 1;
    lock.length = *end - lock.start;
    lock.whence = kSEEK_SET;
    return {};
}

SyscallResult call_host(int fd, int command, RecordLock& lock) {
    bool waits = command == kSetlkw || command == kOfdSetlkw;
    int64_t result = enclave::host_structure_call(
        __NR_fcntl, 2, &lock, sizeof lock, sizeof lock, static_cast<uint64_t>(fd),
        static_cast<uint64_t>(command), 0, 0, waits ? Interruptible::Yes : Interruptible::No);
    return interrupted_or(result, kERESTARTSYS);
}

}  // namespace

SyscallResult record_lock(File& file, int command, RecordLock& lock) {
    bool asks = command == kGetlk || command == kOfdGetlk;
    bool of_process = command == kGetlk || command == kSetlk || command == kSetlkw;
    if (lock.type != kRead && lock.type != kWrite && (lock.type != kUnlocked || asks))
        return error(kEINVAL);
    if (!of_process && lock.pid != 0)
        return error(kEINVAL);
    if (!asks && ((lock.type == kRead && !file.is_readable()) ||
                  (lock.type == kWrite && !file.is_writable())))
        return error(kEBADF);
    RecordLock wanted = lock;
    SCONE_TRY(place(file, wanted));
    int64_t stretch = SCONE_TRY(stretch_of(file));
    wanted.start += stretch;
    int fd = of_process ? SCONE_TRY(open_space(records_fd)) : SCONE_TRY(description_of(file));
    if (of_process && !asks)
        has_record_locks.store(true, std::memory_order_relaxed);
    uint64_t result = SCONE_TRY(call_host(fd, command, wanted));
    if (!asks)
        return result;
    if (wanted.type == kUnlocked) {
        lock.type = kUnlocked;
        return 0;
    }
    if (wanted.type != kRead && wanted.type != kWrite)
        return error(kEIO);
    // HOST: who holds what; the range is cut to the file's.
    lock = wanted;
    lock.start = wanted.start > stretch ? wanted.start - stretch : 0;
    if (wanted.length <= 0 || lock.start >= kStretch || wanted.length >= kStretch - lock.start)
        lock.length = 0;
    return 0;
}

Result<void> flock(File& file, int operation) {
    int what = operation & ~kNoWait;
    if (what != kShared && what != kExclusive && what != kUnlock)
        return error(kEINVAL);
    int64_t stretch = SCONE_TRY(stretch_of(file));
    RecordLock lock{what == kShared      ? kRead
                    : what == kExclusive ? kWrite
                                         : kUnlocked,
                    kSEEK_SET,
                    0,
                    kWholeFiles + (stretch >> kStretchBits),
                    1,
                    0,
                    0};
    int fd = SCONE_TRY(description_of(file));
    SCONE_TRY(call_host(fd, operation & kNoWait ? kOfdSetlk : kOfdSetlkw, lock));
    return {};
}

void descriptor_closed(File& file) {
    if (!has_record_locks.load(std::memory_order_relaxed) || file.host_descriptor() >= 0)
        return;
    auto stretch = stretch_of(file);
    if (!stretch)
        return;
    RecordLock all{kUnlocked, kSEEK_SET, 0, *stretch, kStretch, 0, 0};
    (void)call_host(records_fd.load(std::memory_order_relaxed), kSetlk, all);
}

void prepare_for_fork() {
    (void)open_space(records_fd);
    (void)open_space(descriptions_fd);
}

void forget_record_locks() {
    has_record_locks = false;
}

}  // namespace scone::libos::lock_space
