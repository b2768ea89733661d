#include "runtime/trusted/libos/net/signal_file.h"

#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/libos/net/epoll.h"
#include "runtime/trusted/libos/net/poll.h"
#include "runtime/trusted/libos/signal/delivery.h"
#include "runtime/trusted/libos/task/process.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::Guard;

struct Record {
    uint32_t number;
    int32_t error, code;
    uint32_t pid, uid;
    int32_t fd;
    uint32_t timer_id, band, overrun, trap;
    int32_t status, value;
    uint64_t pointer, user_time, system_time, address;
    uint16_t address_bits, pad;
    int32_t call;
    uint64_t call_address;
    uint32_t architecture;
    uint8_t rest[28];
};
static_assert(sizeof(Record) == 128);

Record record_of(const SigInfo& info) {
    Record record{};
    record.number = static_cast<uint32_t>(info.number);
    record.error = info.error;
    record.code = info.code;
    record.pid = info.pid;
    record.uid = info.uid;
    auto low = static_cast<int32_t>(info.value);
    if (info.number == kSIGCHLD && info.code > 0) {
        record.status = low;
    } else if (info.code < 0) {
        record.value = low;
        record.pointer = info.value;
    }
    return record;
}

// All of them: a signal is announced to each. They are few.
enclave::SpinLock list_lock;
Vector<SignalFile*> list;
std::atomic<uint32_t> list_size{0};

}  // namespace

SignalFile::SignalFile(SignalMask mask, uint32_t status_flags)
    : File(status_flags), mask_(mask & ~kUnblockable) {}

SignalFile::~SignalFile() {
    {
        Guard guard(list_lock);
        for (size_t i = 0; i < list.size(); i++)
            if (list[i] == this)
                list.erase(i--);
        list_size = static_cast<uint32_t>(list.size());
    }
    forget_in_epolls(*this);
    if (bell_ >= 0)
        enclave::host_close(bell_);
}

bool SignalFile::take(SigInfo& info) {
    Thread& thread = current_thread();
    accept_host_signals(thread);
    Guard guard(thread.process->handlers->lock);
    SignalMask others = ~mask_.load();
    return thread.pending.take(others, info) || thread.process->pending.take(others, info);
}

Result<uint64_t> SignalFile::read(IoBuffer& buffer) {
    if (buffer.size() < sizeof(Record))
        return error(kEINVAL);
    uint64_t done = 0;
    for (;;) {
        SigInfo info;
        while (buffer.size() - done >= sizeof(Record) && take(info)) {
            Record record = record_of(info);
            SCONE_TRY(buffer.put(done, &record, sizeof record));
            done += sizeof record;
        }
        if (done > 0)
            return done;
        if (is_non_blocking())
            return error(kEAGAIN);
        SCONE_TRY(wait_for_events(*this, kPollIn));
    }
}

uint32_t SignalFile::poll_now() {
    Thread& thread = current_thread();
    accept_host_signals(thread);
    bool waiting;
    {
        Guard guard(thread.process->handlers->lock);
        waiting = (thread.pending.set | thread.process->pending.set) & mask_.load();
    }
    // Nothing (any more): the bell must not go on ringing.
    if (!waiting && bell_ >= 0 && bell_owner_ == thread.process->pid) {
        uint64_t count;
        enclave::host_structure_call(__NR_read, 1, &count, 0, sizeof count,
                                     static_cast<uint64_t>(bell_.load()), 0, sizeof count);
        {
            Guard guard(thread.process->handlers->lock);
            waiting = (thread.pending.set | thread.process->pending.set) & mask_.load();
        }
        if (waiting)
            ring();
    }
    return waiting ? kPollIn : 0;
}

Result<int> SignalFile::poll_descriptor() {
    // A forked child shares its parent's bell on the host: it takes one of its own.
    int32_t pid = current_process().pid;
    if (bell_ < 0 || bell_owner_ != pid) {
        constexpr uint32_t kFlags = kO_NONBLOCK | kO_CLOEXEC;
        int64_t fd = enclave::checked_result(
            enclave::host_call(__NR_eventfd2, enclave::Interruptible::No, 0, kFlags), 1 << 24);
        if (fd < 0)
            return error(static_cast<int>(-fd));
        Guard guard(list_lock);
        if (bell_ < 0 && !list.push(this)) {
            enclave::host_close(static_cast<int>(fd));
            return error(kENOMEM);
        }
        if (bell_ >= 0)
            enclave::host_close(bell_);
        bell_ = static_cast<int>(fd);
        bell_owner_ = pid;
        list_size = static_cast<uint32_t>(list.size());
    }
    if (poll_now() != 0)
        ring();
    return bell_.load();
}

void SignalFile::ring() {
    uint64_t one = 1;
    enclave::host_structure_call(__NR_write, 1, &one, sizeof one, 0,
                                 static_cast<uint64_t>(bell_.load()), 0, sizeof one);
}

void SignalFile::set_mask(SignalMask mask) {
    mask_ = mask & ~kUnblockable;
    if (bell_ >= 0 && bell_owner_ == current_process().pid)
        ring();
}

void SignalFile::announce(int number) {
    if (list_size.load(std::memory_order_relaxed) == 0)
        return;
    Guard guard(list_lock);
    int32_t pid = current_process().pid;
    for (SignalFile* file : list)
        if (file->bell_owner_ == pid && (file->mask_.load() & signal_bit(number)))
            file->ring();
}

Result<void> SignalFile::stat(Stat& out) {
    out = {};
    out.mode = 0600;
    out.nlink = 1;
    out.blksize = 4096;
    return {};
}

}  // namespace scone::libos
