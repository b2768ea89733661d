#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/libos/net/epoll.h"
#include "runtime/trusted/libos/pipe/pipe.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/time/clock.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::Guard;

constexpr uint64_t kDevice = 14;  // as pipefs, a number that no other file system here has
constexpr uint32_t kSharedFlags = kO_NONBLOCK | kO_ASYNC | kO_APPEND | kO_NOATIME;
constexpr uint32_t kReadNormal = 0x40, kWriteNormal = 0x100;
constexpr uint64_t kPipeBuf = 4096;

}  // namespace

PipeEnd::PipeEnd(Ref<Pipe> pipe, Side side, uint32_t status_flags, int host_fd)
    : File(status_flags), pipe_(std::move(pipe)), side_(side), host_fd_(host_fd) {}

PipeEnd::~PipeEnd() {
    forget_in_epolls(*this);
    Sleepers::Wakes wakes;
    {
        Guard guard(pipe_->lock_);
        if (pipe_->ends_[side_] == this) {
            pipe_->ends_[side_] = nullptr;
            pipe_->sleepers_.wake_all(wakes);
        }
    }
    wakes.send();
    if (host_fd_ >= 0)
        enclave::host_close(host_fd_);
}

void PipeEnd::last_descriptor_closed() {
    int fd = host_fd_.exchange(-1);
    if (fd >= 0)
        enclave::host_close(fd);
}

Result<uint64_t> PipeEnd::read(IoBuffer& buffer) {
    return buffer.size() == 0 ? 0 : pipe_->read(*this, buffer);
}
Result<uint64_t> PipeEnd::write(IoBuffer& buffer) {
    return buffer.size() == 0 ? 0 : pipe_->write(*this, buffer);
}

Result<uint64_t> PipeEnd::write_now(IoBuffer& buffer) {
    return pipe_->write_now(*this, buffer);
}
Result<uint64_t> PipeEnd::give_now(uint64_t count, ByteSink& sink, Giving how) {
    return pipe_->give_now(*this, count, sink, how);
}

Result<void> PipeEnd::stat(Stat& out) {
    out = {};
    out.dev = kDevice;
    out.ino = pipe_->number();
    out.nlink = 1;
    out.mode = kS_IFIFO | 0600;
    Process& process = current_process();
    out.uid = process.credentials.effective_user;
    out.gid = process.credentials.effective_group;
    out.blksize = 4096;
    uint64_t now = realtime_ns();
    out.atime = out.mtime = out.ctime = {static_cast<int64_t>(now / 1'000'000'000),
                                         static_cast<int64_t>(now % 1'000'000'000)};
    return {};
}

void PipeEnd::describe(Path& out) const {
    out.append("pipe:[").append_number(pipe_->number()).append("]");
}

// Attributes of the program's own are for regular files and directories.
Result<uint64_t> PipeEnd::extended_attribute(ExtendedAttribute& request) {
    bool user = std::string_view(request.name.view()).starts_with("user.");
    return error(request.what == ExtendedAttribute::What::Set && user ? kEPERM : kEOPNOTSUPP);
}

Result<Ref<File>> PipeEnd::reopen(uint32_t flags) {
    if ((flags & kO_ACCMODE) != (status_flags() & kO_ACCMODE))
        return error(kENXIO);
    return Ref<File>(this);
}

Result<void> PipeEnd::set_status_flags(uint32_t flags) {
    SCONE_TRY(File::set_status_flags(flags & ~kO_DIRECT));
    if (pipe_->form_ == Pipe::Form::Shared)
        pipe_->ring_.shared()->set_status_flags(side_, status_flags() & kSharedFlags);
    return {};
}
void PipeEnd::refresh_status_flags() {
    if (pipe_->form_ == Pipe::Form::Shared)
        status_flags_ = (status_flags() & ~kSharedFlags) |
                        (pipe_->ring_.shared()->status_flags(side_) & kSharedFlags);
}

Result<uint64_t> PipeEnd::ioctl(uint64_t request, uint64_t argument) {
    constexpr uint32_t kFionread = 0x541b, kFionbio = 0x5421;
    auto code = static_cast<uint32_t>(request);
    if (code == kFionread) {
        uint64_t size;
        {
            Guard guard(pipe_->lock_);
            size = SCONE_TRY(pipe_->ring_.size());
        }
        SCONE_TRY(AppPtr<int32_t>(argument).store(static_cast<int32_t>(size)));
        return 0;
    }
    if (code == kFionbio) {
        int32_t on = SCONE_TRY(AppPtr<int32_t>(argument).load());
        refresh_status_flags();
        SCONE_TRY(set_status_flags(on != 0 ? status_flags() | kO_NONBLOCK
                                           : status_flags() & ~kO_NONBLOCK));
        return 0;
    }
    return error(kENOTTY);
}

uint32_t PipeEnd::poll_now() {
    Guard guard(pipe_->lock_);
    bool peer_is_gone = pipe_->ends_[side_ == Reader ? Writer : Reader] == nullptr;
    if (side_ == Reader)
        return (pipe_->ring_.local().size() > 0 ? kPollIn | kReadNormal : 0) |
               (peer_is_gone ? kPollHup : 0);
    return (pipe_->ring_.local().room() >= kPipeBuf ? kPollOut | kWriteNormal : 0) |
           (peer_is_gone ? kPollErr : 0);
}

Result<int> PipeEnd::poll_descriptor() {
    if (host_fd_ < 0) {
        Guard guard(pipe_->lock_);
        if (pipe_->form_ == Pipe::Form::Local)
            SCONE_TRY(pipe_->make_backed());
    }
    return host_fd_.load();
}

Result<Companions> PipeEnd::share() {
    Guard guard(pipe_->lock_);
    SCONE_TRY(pipe_->make_shared());
    return Companions{{pipe_->ring_.shared()->memory_descriptor()}, 1};
}

Result<Ref<File>> PipeEnd::receive(int memory_fd, int token_fd, uint32_t flags) {
    Side side = (flags & kO_ACCMODE) == kO_RDONLY ? Reader : Writer;
    auto pipe = make_ref<Pipe>();
    auto ring = SharedRing::open(memory_fd);
    if (ring && (*ring)->name().purpose != ChannelName::Pipe)
        ring = error(kEIO);
    auto end =
        pipe && ring ? make_ref<PipeEnd>(pipe, side, flags & kO_ACCMODE, token_fd) : Ref<PipeEnd>{};
    if (!end) {
        enclave::host_close(token_fd);
        return ring ? error(kENOMEM) : std::unexpected(ring.error());
    }
    pipe->ring_.adopt(*ring);
    pipe->form_ = Pipe::Form::Shared;
    SCONE_TRY(Pipe::note(*pipe));
    end->refresh_status_flags();
    return Ref<File>(end);
}

Result<uint64_t> PipeEnd::capacity(uint64_t wanted) {
    constexpr uint64_t kSetPipeSize = 1031;
    Guard guard(pipe_->lock_);
    bool shared = pipe_->form_ == Pipe::Form::Shared;
    if (wanted == 0)
        return shared ? pipe_->ring_.shared()->capacity() : pipe_->ring_.local().capacity();
    if (wanted > SharedRing::kMaximumCapacity)
        return error(kEPERM);
    uint64_t capacity = 4096;
    while (capacity < wanted)
        capacity *= 2;
    if (pipe_->form_ != Pipe::Form::Local) {
        int64_t result = enclave::checked_result(
            enclave::host_call(__NR_fcntl, enclave::Interruptible::No,
                               static_cast<uint64_t>(host_fd_.load()), kSetPipeSize, capacity),
            INT32_MAX);
        if (result < 0)
            return from_kernel(result);
    }
    if (shared) {
        SCONE_TRY(pipe_->ring_.shared()->set_capacity(capacity, {host_fd_}));
    } else {
        if (pipe_->ring_.local().size() > capacity)
            return error(kEBUSY);
        SCONE_TRY(pipe_->ring_.local().set_capacity(capacity));
    }
    return capacity;
}

}  // namespace scone::libos
