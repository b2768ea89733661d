#include "runtime/trusted/libos/net/poll.h"

#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/net/temporary_mask.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::host_call;
using enclave::Interruptible;

constexpr auto kUnasked = static_cast<int16_t>(kPollErr | kPollHup | kPollNval);

class PollRound {
  public:
    PollRound(Vector<PollFd>& list, const Vector<Ref<File>>& files)
        : list_(list), files_(files), count_(list.size()) {}

    // Files of the enclave answer at once; the host's are noted for it.
    Result<uint64_t> look() {
        if (!host_.resize(count_))
            return error(kENOMEM);
        uint64_t ready = 0;
        for (size_t i = 0; i < count_; i++) {
            PollFd& entry = list_[i];
            entry.revents = 0;
            host_[i] = {-1, entry.events, 0};
            if (entry.fd < 0)
                continue;
            if (!files_[i])
                entry.revents = static_cast<int16_t>(kPollNval);
            else if (files_[i]->polls_in_enclave())
                entry.revents = enclave_events(i);
            else
                host_[i].fd = files_[i]->host_descriptor();
            ready += entry.revents != 0;
        }
        return ready;
    }

    // Before a sleep: files of the enclave need a descriptor that wakes it.
    Result<void> prepare_sleep() {
        for (size_t i = 0; i < count_; i++)
            if (list_[i].fd >= 0 && files_[i] && host_[i].fd < 0)
                host_[i].fd = SCONE_TRY(files_[i]->poll_descriptor());
        return {};
    }

    int64_t ask_host(const Timeout& timeout, bool sleeps) {
        uint64_t at = enclave::window_data() + enclave::kResultArea;
        return host_wait([&] {
            uint64_t left = sleeps && !timeout.forever ? timeout.left_ns() : 0;
            Timespec time{static_cast<int64_t>(left / 1'000'000'000),
                          static_cast<int64_t>(left % 1'000'000'000)};
            enclave::copy_to_host(at, &time, sizeof time);
            enclave::copy_to_host(at + 64, host_.data(), count_ * sizeof(PollFd));
            return enclave::checked_result(
                host_call(__NR_ppoll, sleeps ? Interruptible::Yes : Interruptible::No, at + 64,
                          count_, sleeps && timeout.forever ? 0 : at, 0, 8),
                count_);
        });
    }

    uint64_t take_answer() {
        enclave::copy_from_host(host_.data(), enclave::window_data() + enclave::kResultArea + 64,
                                count_ * sizeof(PollFd));
        uint64_t ready = 0;
        for (size_t i = 0; i < count_; i++) {
            PollFd& entry = list_[i];
            if (entry.fd >= 0 && files_[i]) {
                // HOST: only what was asked for, and the conditions that always count.
                if (files_[i]->polls_in_enclave())
                    entry.revents = enclave_events(i);
                else
                    entry.revents =
                        static_cast<int16_t>(host_[i].revents & (entry.events | kUnasked));
            }
            ready += entry.revents != 0;
        }
        return ready;
    }

    bool asks_host() const {
        for (const PollFd& entry : host_)
            if (entry.fd >= 0)
                return true;
        return false;
    }

  private:
    int16_t enclave_events(size_t i) {
        return static_cast<int16_t>(static_cast<int16_t>(files_[i]->poll_now()) &
                                    (list_[i].events | kUnasked));
    }

    Vector<PollFd>& list_;
    const Vector<Ref<File>>& files_;
    size_t count_;
    Vector<PollFd> host_;
};

}  // namespace

uint64_t poll_room() {
    return (enclave::window_data_size() - enclave::kResultArea - 64) / sizeof(PollFd);
}

Result<uint64_t> poll_files(Vector<PollFd>& list, const Vector<Ref<File>>& files,
                            const Timeout& timeout) {
    PollRound round(list, files);
    for (;;) {
        uint64_t ready = SCONE_TRY(round.look());
        bool signalled = signal_ends_wait();
        bool sleeps = ready == 0 && !timeout.is_immediate() && !signalled;
        if (sleeps)
            SCONE_TRY(round.prepare_sleep());
        else if (!round.asks_host())
            return ready == 0 && signalled ? Result<uint64_t>(error(kERESTARTNOHAND)) : ready;
        int64_t result = round.ask_host(timeout, sleeps);
        if (result < 0)
            return ready > 0 ? Result<uint64_t>(ready)
                             : std::unexpected(interrupted_or(result, kERESTARTNOHAND).error());
        if (result > 0 && (ready = round.take_answer()) > 0)
            return ready;
        if (ready > 0)
            return ready;
        if (!sleeps)
            return signalled ? Result<uint64_t>(error(kERESTARTNOHAND)) : 0;
        if (!timeout.forever && timeout.left_ns() == 0)
            return 0;
    }
}

Result<void> wait_for_events(File& file, int16_t events) {
    Vector<PollFd> list;
    Vector<Ref<File>> files;
    if (!list.push({0, events, 0}) || !files.push(Ref<File>(&file)))
        return error(kENOMEM);
    auto ready = poll_files(list, files, {});
    if (!ready)
        return error(ready.error().value == kERESTARTNOHAND ? kERESTARTSYS : ready.error().value);
    return {};
}

}  // namespace scone::libos
