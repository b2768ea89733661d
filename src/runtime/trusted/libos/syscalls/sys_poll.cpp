// poll and select
//
// Source: poll(2), select(2)
#include "runtime/trusted/libos/net/poll.h"
#include "runtime/trusted/libos/net/temporary_mask.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/syscalls/handlers.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

constexpr unsigned kNoFile = 7;  // RLIMIT_NOFILE

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
    if (count > call.process().limits[kNoFile].soft || count > poll_room())
        return error(kEINVAL);
    PollList list;
    for (uint64_t i = 0; i < count; i++) {
        PollFd entry = SCONE_TRY(AppPtr<PollFd>(call.arg[0]).load(i));
        SCONE_TRY(list.add(call, entry.fd, entry.events));
    }
    uint64_t ready = SCONE_TRY(poll_files(list.entries, list.files, timeout));
    for (uint64_t i = 0; i < count; i++)
        SCONE_TRY(
            AppPtr<int16_t>(call.arg[0] + i * sizeof(PollFd) + 6).store(list.entries[i].revents));
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
    SCONE_TRY(poll_files(list.entries, list.files, timeout));
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
    return Timeout::after(SCONE_TRY(timespec_to_ns(SCONE_TRY(AppPtr<Timespec>(address).load()))));
}

// The kernel tells what is left, unless the call is going to be restarted. A bad address there is
// no error of the call.
void store_time_left(uint64_t address, const Timeout& timeout, const SyscallResult& result,
                     uint64_t unit_per_second) {
    if (address == 0 || (!result && result.error().value >= kERESTARTSYS))
        return;
    uint64_t left = timeout.left_ns();
    uint64_t unit = 1'000'000'000 / unit_per_second;
    int64_t value[2] = {static_cast<int64_t>(left / 1'000'000'000),
                        static_cast<int64_t>(left % 1'000'000'000 / unit)};
    (void)copy_to_program(address, value, sizeof value);
}

}  // namespace

SyscallResult sys_poll(Call& call) {
    int timeout = call.fd(2);
    return do_poll(
        call, timeout < 0 ? Timeout{} : Timeout::after(static_cast<uint64_t>(timeout) * 1'000'000));
}
SyscallResult sys_ppoll(Call& call) {
    Timeout timeout = SCONE_TRY(timespec_timeout(call.arg[2]));
    SCONE_TRY(set_temporary_mask(call, call.arg[3], call.arg[4]));
    auto result = do_poll(call, timeout);
    end_temporary_mask(call, result);
    store_time_left(call.arg[2], timeout, result, 1'000'000'000);
    return result;
}
SyscallResult sys_select(Call& call) {
    Timeout timeout;
    if (call.arg[4] != 0) {
        Timeval t = SCONE_TRY(AppPtr<Timeval>(call.arg[4]).load());
        if (t.seconds < 0 || t.microseconds < 0)
            return error(kEINVAL);
        timeout = Timeout::after(SCONE_TRY(timespec_to_ns(
            {t.seconds + t.microseconds / 1'000'000, t.microseconds % 1'000'000 * 1000})));
    }
    auto result = do_select(call, timeout);
    store_time_left(call.arg[4], timeout, result, 1'000'000);
    return result;
}
SyscallResult sys_pselect6(Call& call) {
    Timeout timeout = SCONE_TRY(timespec_timeout(call.arg[4]));
    if (call.arg[5] != 0) {
        uint64_t mask[2];
        SCONE_TRY(copy_from_program(mask, call.arg[5], sizeof mask));
        SCONE_TRY(set_temporary_mask(call, mask[0], mask[1]));
    }
    auto result = do_select(call, timeout);
    end_temporary_mask(call, result);
    store_time_left(call.arg[4], timeout, result, 1'000'000'000);
    return result;
}

}  // namespace scone::libos
