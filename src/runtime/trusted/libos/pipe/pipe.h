// A pipe of the program, and its two ends.
//
// Side:    trusted
// A pipe has one of three forms, and goes from one to the next, never back:
//   Local   bytes in the enclave's heap; sleepers park as in the in-enclave futex; no host call
//           unless somebody sleeps
//   Backed  the same, and a pipe of the host that holds one meaningless byte (a token) for each
//   byte
//           of content: what poll, epoll and select of the host look at. Made by the first poll
//           that sleeps.
//   Shared  the bytes in a SharedRing, the tokens as before: several processes. Made by fork.
// With tokens the host's kernel keeps all that Linux says of pipes: atomic writes, readiness, the
// end when the last descriptor anywhere closes, also by a process's death.
// Errors:  as pipe(7); EIO when the host breaks its word
// Threads: thread-safe. A pipe is locked over copies from and to the program and over calls of the
//          host that do not wait
// Source:  pipe(7)
#pragma once

#include "runtime/trusted/enclave/sleep_lock.h"
#include "runtime/trusted/libos/pipe/sleepers.h"
#include "runtime/trusted/libos/pipe/token_ring.h"
#include "runtime/trusted/libos/vfs/file.h"

namespace scone::libos {

class Pipe;

class PipeEnd : public File {
  public:
    enum Side : unsigned { Reader = 0, Writer = 1 };
    PipeEnd(Ref<Pipe> pipe, Side side, uint32_t status_flags, int host_fd = -1);
    ~PipeEnd() override;

    FileKind kind() const override { return FileKind::Pipe; }
    Result<uint64_t> read(IoBuffer& buffer) override;
    Result<uint64_t> write(IoBuffer& buffer) override;
    Result<uint64_t> write_now(IoBuffer& buffer) override;
    Result<uint64_t> give_now(uint64_t count, ByteSink& sink, Giving how) override;
    Result<void> stat(linux_abi::Stat& out) override;
    Result<uint64_t> ioctl(uint64_t request, uint64_t argument) override;
    Result<void> allocate(int, uint64_t, uint64_t) override { return error(linux_abi::kESPIPE); }
    Result<uint64_t> extended_attribute(ExtendedAttribute& request) override;
    // /proc/self/fd/N: the same end once more. Linux makes a description of its own, whose status
    // flags may differ; the other side of a pipe cannot be had here.
    Result<Ref<File>> reopen(uint32_t flags) override;
    Result<void> change_mode(uint32_t) override { return {}; }
    Result<void> change_owner(uint32_t, uint32_t) override { return {}; }
    Result<void> set_times(const linux_abi::Timespec*) override { return {}; }
    Result<void> set_status_flags(uint32_t flags) override;
    void refresh_status_flags() override;
    uint32_t poll_now() override;
    bool polls_in_enclave() const override { return host_fd_ < 0; }
    Result<int> poll_descriptor() override;
    int host_descriptor() const override { return host_fd_; }
    void describe(Path& out) const override;

    Result<Companions> share() override;
    // An end that came from another process of this program; takes the descriptors over.
    static Result<Ref<File>> receive(int memory_fd, int token_fd, uint32_t flags);
    // 0 asks only.
    Result<uint64_t> capacity(uint64_t wanted);
    Pipe& pipe() { return *pipe_; }
    Side side() const { return side_; }

  protected:
    void last_descriptor_closed() override;

  private:
    friend class Pipe;
    bool waits() {
        refresh_status_flags();
        return !is_non_blocking();
    }

    Ref<Pipe> pipe_;
    Side side_;
    std::atomic<int> host_fd_;
};

class Pipe : public RefCounted {
  public:
    Pipe();
    ~Pipe() override;

    Result<uint64_t> read(PipeEnd& end, const IoBuffer& buffer);
    Result<uint64_t> write(PipeEnd& end, IoBuffer buffer);
    // One turn, without waiting.
    Result<uint64_t> write_now(PipeEnd& end, const IoBuffer& buffer);
    Result<uint64_t> give_now(PipeEnd& end, uint64_t count, ByteSink& sink, Giving how);
    uint64_t number() const { return number_; }

    // Before a fork, with the world stopped: every pipe of the process becomes Shared.
    static Result<void> share_all();

  private:
    friend class PipeEnd;
    enum class Form : uint8_t { Local, Backed, Shared };

    Result<uint64_t> read_local(const IoBuffer& buffer, Sleepers::Wakes& wakes);
    Result<uint64_t> give_local(uint8_t* bytes, uint64_t count, ByteSink& sink, Giving how,
                                Sleepers::Wakes& wakes);
    Result<uint64_t> write_local(const IoBuffer& buffer, bool whole, Sleepers::Wakes& wakes);
    Result<uint64_t> read_tokens(PipeEnd& end, const IoBuffer& buffer);
    Result<uint64_t> write_tokens(PipeEnd& end, const IoBuffer& buffer, bool whole);
    Result<void> make_backed();
    Result<void> make_shared();
    static Result<void> note(Pipe& pipe);
    friend Result<void> make_pipe(uint32_t flags, Ref<PipeEnd>& reader, Ref<PipeEnd>& writer);

    enclave::SleepLock lock_;
    std::atomic<Form> form_{Form::Local};
    TokenRing ring_;
    Sleepers sleepers_;
    PipeEnd* ends_[2] = {};  // of this process, while Local
    uint64_t number_;
};

// F_GETSIG of a pipe of tokens.
inline constexpr uint64_t kTokenMark = 61;

Result<void> make_pipe(uint32_t flags, Ref<PipeEnd>& reader, Ref<PipeEnd>& writer);

}  // namespace scone::libos
