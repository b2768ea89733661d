#include "runtime/trusted/libos/fs/host_file.h"

#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/fs/host_attribute.h"
#include "runtime/trusted/libos/fs/host_ioctl.h"
#include "runtime/trusted/libos/net/epoll.h"
#include "runtime/trusted/libos/net/socket.h"
#include "runtime/trusted/libos/signal/delivery.h"
#include "runtime/trusted/libos/task/interruption.h"
#include "runtime/trusted/libos/vfs/vfs.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::host_call;
using enclave::Interruptible;

}  // namespace

Interruptible HostFile::interruption(bool writing) const {
    if (is_regular())
        return Interruptible::No;
    return type() == kS_IFCHR ? terminal_call(writing ? kSIGTTOU : kSIGTTIN) : Interruptible::Yes;
}

HostFile::HostFile(int host_fd, uint32_t status_flags, uint32_t mode, std::string_view path)
    : File(status_flags & ~(kO_CREAT | kO_EXCL | kO_NOCTTY | kO_TRUNC | kO_CLOEXEC)),
      host_fd_(host_fd),
      mode_(mode) {
    set_path(path);
}

void HostFile::set_path(std::string_view path) {
    auto* text = static_cast<char*>(enclave::heap_allocate(path.size() + 1));
    if (text == nullptr)
        return;
    __builtin_memcpy(text, path.data(), path.size());
    text[path.size()] = 0;
    enclave::Guard guard(path_lock_);
    enclave::heap_free(path_);
    path_ = text;
}

HostFile::~HostFile() {
    forget_in_epolls(*this);
    if (host_fd_ >= 0)
        enclave::host_close(host_fd_);
    enclave::heap_free(path_);
}

// HOST: a wrong answer makes calls of this file fail, or wait where Linux does not.
uint32_t HostFile::type() const {
    uint32_t mode = mode_.load(std::memory_order_relaxed);
    if (mode == kUnknownMode) {
        Stat now{};
        uint32_t learnt = enclave::host_fstat(host_fd_, now) == 0 ? now.mode : 0;
        if (mode_.compare_exchange_strong(mode, learnt, std::memory_order_relaxed))
            mode = learnt;
    }
    return mode & kS_IFMT;
}

// A mapping may go on using a regular file without a descriptor. Who wants to map it asks for its
// type before; from here on a type that nobody asked for is none.
void HostFile::last_descriptor_closed() {
    uint32_t mode = kUnknownMode;
    if (!mode_.compare_exchange_strong(mode, 0, std::memory_order_relaxed) && is_regular())
        return;
    forget_in_epolls(*this);
    enclave::host_close(host_fd_);
    host_fd_ = -1;
}

Result<uint64_t> HostFile::transfer(uint64_t number, IoBuffer& buffer, uint64_t offset,
                                    bool at_offset, bool writing) {
    IoBuffer rest = buffer;
    uint64_t done = 0;
    // Asked before the window holds content: the host's answer comes there too.
    bool regular = is_regular();
    Interruptible interruptible = interruption(writing);
    do {
        uint64_t step =
            rest.size() < enclave::window_data_size() ? rest.size() : enclave::window_data_size();
        if (writing)
            SCONE_TRY(rest.get_to_host(0, enclave::window_data(), step));
        int64_t result = enclave::checked_result(
            host_call(number, interruptible, static_cast<uint64_t>(host_fd_),
                      enclave::window_data(), step, at_offset ? offset + done : 0),
            step);
        if (result < 0) {
            if (done > 0)
                break;
            return interrupted_or(result, kERESTARTSYS);
        }
        auto count = static_cast<uint64_t>(result);
        if (!writing && count > 0)
            SCONE_TRY(rest.put_from_host(0, enclave::window_data(), count));
        done += count;
        rest.advance(count);
        // A short count ends the call: end of file, or all that a pipe or socket had.
        if (count < step || !regular)
            break;
    } while (rest.size() > 0);
    return done;
}

Result<uint64_t> HostFile::read(IoBuffer& buffer) {
    return transfer(__NR_read, buffer, 0, false, false);
}
Result<uint64_t> HostFile::write(IoBuffer& buffer) {
    // A blocking pipe or socket takes everything, chunk after chunk.
    if (is_regular() || is_non_blocking() || buffer.size() <= enclave::window_data_size())
        return transfer(__NR_write, buffer, 0, false, true);
    IoBuffer rest = buffer;
    uint64_t done = 0;
    while (rest.size() > 0) {
        auto count = transfer(__NR_write, rest, 0, false, true);
        if (!count)
            return done > 0 ? Result<uint64_t>(done) : count;
        done += *count;
        rest.advance(*count);
    }
    return done;
}
Result<uint64_t> HostFile::read_at(IoBuffer& buffer, uint64_t offset) {
    return transfer(__NR_pread64, buffer, offset, true, false);
}
Result<uint64_t> HostFile::write_at(IoBuffer& buffer, uint64_t offset) {
    return transfer(__NR_pwrite64, buffer, offset, true, true);
}

Result<uint64_t> HostFile::seek(int64_t offset, int whence) {
    return from_kernel(enclave::checked_result(
        host_call(__NR_lseek, Interruptible::No, static_cast<uint64_t>(host_fd_),
                  static_cast<uint64_t>(offset), static_cast<uint64_t>(whence)),
        INT64_MAX));
}

Result<void> HostFile::stat(Stat& out) {
    SCONE_TRY(done_or_error(enclave::host_fstat(host_fd_, out)));
    uint32_t unknown = kUnknownMode;
    mode_.compare_exchange_strong(unknown, out.mode, std::memory_order_relaxed);
    return {};
}

Result<uint64_t> HostFile::ioctl(uint64_t request, uint64_t argument) {
    return host_ioctl(*this, host_fd_, request, argument);
}

Result<void> HostFile::truncate(uint64_t size) {
    return done_or_error(
        host_call(__NR_ftruncate, Interruptible::No, static_cast<uint64_t>(host_fd_), size));
}
Result<void> HostFile::allocate(int mode, uint64_t offset, uint64_t size) {
    return done_or_error(host_call(__NR_fallocate, Interruptible::No,
                                   static_cast<uint64_t>(host_fd_), static_cast<uint64_t>(mode),
                                   offset, size));
}
Result<void> HostFile::sync(bool data_only) {
    return done_or_error(host_call(data_only ? __NR_fdatasync : __NR_fsync, Interruptible::No,
                                   static_cast<uint64_t>(host_fd_)));
}
Result<void> HostFile::change_mode(uint32_t mode) {
    return done_or_error(
        host_call(__NR_fchmod, Interruptible::No, static_cast<uint64_t>(host_fd_), mode));
}
Result<void> HostFile::change_owner(uint32_t user, uint32_t group) {
    return done_or_error(
        host_call(__NR_fchown, Interruptible::No, static_cast<uint64_t>(host_fd_), user, group));
}
Result<void> HostFile::set_times(const Timespec times[2]) {
    Timespec copy[2] = {};
    if (times != nullptr)
        __builtin_memcpy(copy, times, sizeof copy);
    uint64_t at = enclave::window_data() + enclave::kResultArea;
    enclave::copy_to_host(at, copy, sizeof copy);
    return done_or_error(host_call(__NR_utimensat, Interruptible::No,
                                   static_cast<uint64_t>(host_fd_), 0, times == nullptr ? 0 : at,
                                   0));
}
Result<void> HostFile::flock(int operation) {
    int64_t result = host_call(__NR_flock, Interruptible::Yes, static_cast<uint64_t>(host_fd_),
                               static_cast<uint64_t>(operation));
    if (result < 0)
        return std::unexpected(interrupted_or(result, kERESTARTSYS).error());
    return {};
}

Result<void> HostFile::set_status_flags(uint32_t flags) {
    constexpr uint64_t kFSetfl = 4;
    SCONE_TRY(done_or_error(
        host_call(__NR_fcntl, Interruptible::No, static_cast<uint64_t>(host_fd_), kFSetfl,
                  flags & (kO_APPEND | kO_NONBLOCK | kO_ASYNC | kO_DIRECT | kO_NOATIME))));
    return File::set_status_flags(flags);
}

// HOST: the records are checked one by one, so that a program never walks out of its buffer; the
// names are the host's.
Result<uint64_t> HostFile::read_directory(IoBuffer& buffer) {
    uint64_t size = buffer.size() < 32768 ? buffer.size() : 32768;
    int64_t result = enclave::checked_result(
        host_call(__NR_getdents64, Interruptible::No, static_cast<uint64_t>(host_fd_),
                  enclave::window_data(), size),
        size);
    if (result <= 0)
        return from_kernel(result);
    auto count = static_cast<uint64_t>(result);
    auto* copy = static_cast<uint8_t*>(enclave::heap_allocate(count + 8));
    if (copy == nullptr)
        return error(kENOMEM);
    enclave::copy_from_host(copy, enclave::window_data(), count);
    bool well_formed = true;
    for (uint64_t at = 0; at < count && well_formed;) {
        uint16_t record =
            count - at >= 24 ? static_cast<uint16_t>(copy[at + 16] | copy[at + 17] << 8) : 0;
        well_formed = record >= 24 && record % 8 == 0 && record <= count - at;
        // The name ends inside its record.
        bool ended = false;
        for (uint64_t i = at + 19; well_formed && i < at + record; i++)
            ended = ended || copy[i] == 0;
        well_formed = well_formed && ended;
        at += record;
    }
    Result<void> put = well_formed ? buffer.put(0, copy, count) : error(kEIO);
    enclave::heap_free(copy);
    SCONE_TRY(std::move(put));
    return count;
}

void HostFile::describe(Path& out) const {
    enclave::Guard guard(path_lock_);
    if (path_ != nullptr)
        out.append(path_);
}

void HostFile::note_move(std::string_view from, std::string_view to) {
    Path now;
    describe(now);
    if (now.size() == 0 || now.view()[0] != '/')
        return;
    Path moved = now;
    vfs::move_path(moved, from, to);
    if (moved.view() != now.view())
        set_path(moved.view());
}

Result<uint64_t> HostFile::extended_attribute(ExtendedAttribute& request) {
    return host_attribute(host_fd_, request);
}

// pwritev2 with RWF_APPEND: the host finds the end and writes there in one step.
Result<uint64_t> HostFile::append(IoBuffer& buffer) {
    constexpr uint64_t kAppend = 0x10, kDataAt = 4096;
    uint64_t step = enclave::window_data_size() - kDataAt;
    if (buffer.size() < step)
        step = buffer.size();
    uint64_t window = enclave::window_data();
    SCONE_TRY(buffer.get_to_host(0, window + kDataAt, step));
    Iovec vector{window + kDataAt, step};
    enclave::copy_to_host(window, &vector, sizeof vector);
    return from_kernel(enclave::checked_result(
        host_call(__NR_pwritev2, Interruptible::No, static_cast<uint64_t>(host_fd_), window, 1, 0,
                  0, kAppend),
        step));
}

Result<Ref<File>> HostFile::reopen(uint32_t flags) {
    if (type() == kS_IFSOCK)
        return error(kENXIO);
    FixedText<40> name;
    append_host_descriptor_path(name, host_fd_);
    int64_t fd = enclave::host_open(name.view(), (flags & ~kO_NOFOLLOW) | kO_CLOEXEC, 0);
    if (fd < 0)
        return std::unexpected(interrupted_or(fd, kERESTARTSYS).error());
    Path path;
    describe(path);
    return adopt_host_descriptor(fd, flags, path.view());
}

Result<Ref<File>> adopt_host_descriptor(int64_t host_fd, uint32_t status_flags,
                                        std::string_view path) {
    Stat now{};
    int64_t result = enclave::host_fstat(static_cast<int>(host_fd), now);
    if (result < 0) {
        enclave::host_close(static_cast<int>(host_fd));
        return error(static_cast<int>(-result));
    }
    if ((now.mode & kS_IFMT) == kS_IFSOCK)
        return adopt_host_socket(host_fd, status_flags);
    return adopt_opened_file(host_fd, status_flags, path, now.mode);
}

Result<Ref<File>> adopt_opened_file(int64_t host_fd, uint32_t status_flags, std::string_view path,
                                    uint32_t mode) {
    auto file = make_ref<HostFile>(static_cast<int>(host_fd), status_flags, mode, path);
    if (!file) {
        enclave::host_close(static_cast<int>(host_fd));
        return error(kENOMEM);
    }
    return Ref<File>(file);
}

}  // namespace scone::libos
