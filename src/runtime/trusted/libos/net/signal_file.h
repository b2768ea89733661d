// signalfd: blocked signals as records to read.
//
// Side:    trusted
// The signals stay in the enclave. For a poll that sleeps the file has an eventfd of the host,
// which is filled when a signal that it wants comes in; it tells the host no more than that.
// Errors:  as signalfd(2)
// Threads: thread-safe; the mask is atomic
// Source:  signalfd(2)
#pragma once

#include <atomic>

#include "runtime/trusted/libos/signal/signal_state.h"
#include "runtime/trusted/libos/vfs/file.h"

namespace scone::libos {

class SignalFile : public File {
  public:
    SignalFile(SignalMask mask, uint32_t status_flags);
    ~SignalFile() override;

    FileKind kind() const override { return FileKind::Signalfd; }
    Result<uint64_t> read(IoBuffer& buffer) override;
    Result<uint64_t> write(IoBuffer&) override { return error(linux_abi::kEINVAL); }
    Result<void> stat(linux_abi::Stat& out) override;
    uint32_t poll_now() override;
    bool polls_in_enclave() const override { return true; }
    Result<int> poll_descriptor() override;
    void describe(Path& out) const override { out.append("anon_inode:[signalfd]"); }

    void set_mask(SignalMask mask);
    // A signal was queued for some thread: whoever sleeps in a poll looks again.
    static void announce(int number);

  private:
    bool take(linux_abi::SigInfo& info);
    void ring();

    std::atomic<SignalMask> mask_;
    std::atomic<int> bell_{-1};
    std::atomic<int32_t> bell_owner_{0};  // pid
};

}  // namespace scone::libos
