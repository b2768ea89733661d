// An open file description: what descriptors name. Each kind of file is a class of its own in fs/
// and net/.
//
// Side:    trusted
// Errors:  Errno; the default of every operation is the error Linux gives for a file that lacks it
// Threads: descriptors of several threads share one object; the flags are atomic, the position is
//          under position_lock, the rest as each class says
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "runtime/trusted/enclave/spin_lock.h"
#include "runtime/trusted/libos/errno.h"
#include "runtime/trusted/libos/ref.h"
#include "runtime/trusted/libos/text.h"
#include "runtime/trusted/libos/vfs/extended_attribute.h"
#include "runtime/trusted/libos/vfs/io_buffer.h"

namespace scone::libos {

inline constexpr uint32_t kPollIn = 1, kPollPri = 2, kPollOut = 4, kPollErr = 8, kPollHup = 16,
                          kPollNval = 32;

// What a descriptor is where a system call wants one kind (RTTI is off).
enum class FileKind : uint8_t {
    Other,
    Pipe,
    HostPipe,
    Socket,
    Epoll,
    Eventfd,
    Timerfd,
    Signalfd,
    Inotify,
    Process
};

// Who can change a file's bytes.
enum class Origin : uint8_t {
    Host,       // the host, at any time
    Memory,     // the program: it lies in the enclave
    Protected,  // nobody: a region of an fspf
    Measured,   // nobody: it is held to a measured digest
};

// Descriptors of the host that go to another process together with a file's own, before it.
struct Companions {
    int fds[2] = {-1, -1};
    unsigned count = 0;
};

// Where a file gives bytes of its own away, without waiting: what was not taken stays its own.
class ByteSink {
  public:
    virtual Result<uint64_t> put(IoBuffer& bytes) = 0;

  protected:
    ~ByteSink() = default;
};
enum class Giving : bool { Away, Copies };

class File : public RefCounted {
  public:
    virtual FileKind kind() const { return FileKind::Other; }
    // At the position, which moves on; seekable files go through read_at/write_at by default.
    virtual Result<uint64_t> read(IoBuffer& buffer);
    virtual Result<uint64_t> write(IoBuffer& buffer);
    // The two sides of splice(2), for pipes and stream sockets. Neither waits: EAGAIN; EINVAL for
    // other files. give_now() hands back 0 at the end, and what the sink took otherwise.
    virtual Result<uint64_t> write_now(IoBuffer& buffer);
    virtual Result<uint64_t> give_now(uint64_t count, ByteSink& sink, Giving how);
    virtual Result<uint64_t> read_at(IoBuffer& buffer, uint64_t offset);
    virtual Result<uint64_t> write_at(IoBuffer& buffer, uint64_t offset);
    virtual Result<uint64_t> seek(int64_t offset, int whence);
    virtual Result<void> stat(linux_abi::Stat& out) = 0;
    virtual Result<uint64_t> ioctl(uint64_t request, uint64_t argument);
    virtual Result<void> truncate(uint64_t size);
    virtual Result<void> allocate(int mode, uint64_t offset, uint64_t size);
    virtual Result<void> sync(bool data_only);
    virtual Result<void> change_mode(uint32_t mode);
    virtual Result<void> change_owner(uint32_t user, uint32_t group);
    virtual Result<void> set_times(const linux_abi::Timespec times[2]);
    // linux_dirent64 records; 0 at the end.
    virtual Result<uint64_t> read_directory(IoBuffer& buffer);
    virtual Result<void> flock(int operation);
    virtual Result<uint64_t> extended_attribute(ExtendedAttribute& request);
    // At the end, wherever the position is, which stays.
    virtual Result<uint64_t> append(IoBuffer& buffer);
    // Another description of the same file, as open("/proc/self/fd/N") makes it.
    virtual Result<Ref<File>> reopen(uint32_t flags);
    // The file or a folder above it was renamed in the program's view.
    virtual void note_move(std::string_view /*from*/, std::string_view /*to*/) {}
    virtual bool is_directory() const { return false; }
    // O_APPEND, O_NONBLOCK, ... changed by fcntl or FIONBIO.
    virtual Result<void> set_status_flags(uint32_t flags);
    // What is ready now, for files that are polled inside the enclave; the others are asked about
    // on the host.
    virtual uint32_t poll_now() { return kPollIn | kPollOut; }
    virtual bool polls_in_enclave() const { return host_descriptor() < 0; }
    // A descriptor of the host whose readiness follows this file's, for a sleep; it may be made
    // now. -1: always ready.
    virtual Result<int> poll_descriptor() { return host_descriptor(); }
    // The host's descriptor behind this file; -1 for files that live in the enclave.
    virtual int host_descriptor() const { return -1; }
    // Makes the file fit for another process.
    virtual Result<Companions> share() { return Companions{}; }
    virtual bool can_map() const { return false; }
    virtual Origin origin() const { return Origin::Memory; }
    // Path as /proc/self/fd shows it, e.g. "/etc/hosts" or "socket:[5]".
    virtual void describe(Path& out) const;

    // The flags of a description that other processes hold too may have changed there.
    virtual void refresh_status_flags() {}

    void descriptor_opened() { descriptors_.fetch_add(1, std::memory_order_relaxed); }
    // The caller still refers to the file.
    void descriptor_closed();
    // In a forked child, where nobody ends what other threads were doing with a file: the last
    // descriptor of this one has to end it.
    void note_lost_references() {
        lost_references_ = reference_count() > descriptors_.load(std::memory_order_relaxed);
    }
    // The same for files that had no descriptor any more.
    static void end_uses_without_descriptor();

    // The host's description that holds this one's locks (lock_space.h): -1, or closed at the end.
    int lock_descriptor() const { return lock_fd_; }
    void set_lock_descriptor(int host_fd) { lock_fd_ = host_fd; }

    uint32_t status_flags() const { return status_flags_.load(std::memory_order_relaxed); }
    // F_SETOWN: whom SIGIO goes to; a process group is negative.
    std::atomic<int32_t> owner{0};
    bool is_path_only() const { return status_flags() & linux_abi::kO_PATH; }
    bool is_non_blocking() const { return status_flags() & linux_abi::kO_NONBLOCK; }
    bool is_readable() const {
        return (status_flags() & linux_abi::kO_ACCMODE) != linux_abi::kO_WRONLY;
    }
    bool is_writable() const {
        return (status_flags() & linux_abi::kO_ACCMODE) != linux_abi::kO_RDONLY;
    }

  protected:
    // Lets go of the host's descriptor: nobody will destroy the object.
    virtual void last_descriptor_closed() {}
    explicit File(uint32_t status_flags) : status_flags_(status_flags) {}
    ~File() override;
    // seek() for files that know their size.
    Result<uint64_t> seek_within(int64_t offset, int whence, uint64_t size);

    std::atomic<uint32_t> status_flags_;
    std::atomic<uint32_t> descriptors_{0};
    bool lost_references_ = false;
    enclave::SpinLock position_lock_;
    uint64_t position_ = 0;

  private:
    void note_use_without_descriptor();
    void unlink_use();
    int lock_fd_ = -1;
    // Files whose last descriptor was closed while something else referred to them.
    File* next_used_ = nullptr;
    File** link_to_this_ = nullptr;
};

}  // namespace scone::libos
