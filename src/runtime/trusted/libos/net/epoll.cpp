#include "runtime/trusted/libos/net/epoll.h"

#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/fs/host_file.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/task/interruption.h"
#include "runtime/trusted/libos/vector.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::Guard;
using enclave::host_call;
using enclave::Interruptible;

constexpr uint32_t kEpollMagic = 0x45504f4c;
constexpr uint32_t kAlways =
    kPollErr | kPollHup | 0x2000;  // EPOLLRDHUP only if asked; masked below

struct Watch {
    int fd;
    int host_fd;
    uint32_t generation;
    EpollEvent event;
    bool used;
};

class Epoll : public HostFile {
  public:
    explicit Epoll(int host_fd) : HostFile(host_fd, kO_RDWR, 0, "anon_inode:[eventpoll]") {}
    uint32_t magic = kEpollMagic;
    enclave::SpinLock lock;
    Vector<Watch> watches;

    // HostFile reads and writes its descriptor; an epoll has neither.
    Result<uint64_t> read(IoBuffer&) override { return error(kEINVAL); }
    Result<uint64_t> write(IoBuffer&) override { return error(kEINVAL); }

    // The same number may have been closed and opened again as another file: the host has then
    // dropped the old registration, so the entry is replaced.
    size_t find(int fd) const {
        for (size_t i = 0; i < watches.size(); i++)
            if (watches[i].used && watches[i].fd == fd)
                return i;
        return watches.size();
    }
};

// RTTI is off: an epoll is told by its description, which no other file has.
Epoll* as_epoll(File& file) {
    Path text;
    file.describe(text);
    return text.view() == "anon_inode:[eventpoll]" ? static_cast<Epoll*>(&file) : nullptr;
}

int64_t host_control(Epoll& epoll, int operation, int host_fd, uint32_t events, uint64_t data) {
    EpollEvent event{events, data};
    uint8_t bytes[16] = {};
    __builtin_memcpy(bytes, &event, sizeof event);
    return enclave::host_structure_call(
        __NR_epoll_ctl, 3, bytes, sizeof bytes, 0, static_cast<uint64_t>(epoll.host_descriptor()),
        static_cast<uint64_t>(operation), static_cast<uint64_t>(host_fd));
}

}  // namespace

Result<Ref<File>> make_epoll() {
    int64_t fd = enclave::checked_result(
        host_call(__NR_epoll_create1, Interruptible::No, kO_CLOEXEC), 1 << 24);
    if (fd < 0)
        return error(static_cast<int>(-fd));
    auto file = make_ref<Epoll>(static_cast<int>(fd));
    if (!file) {
        enclave::host_close(static_cast<int>(fd));
        return error(kENOMEM);
    }
    return Ref<File>(file);
}

Result<void> epoll_control(File& file, int operation, int fd, File& target,
                           const EpollEvent& event) {
    enum { kAdd = 1, kDelete = 2, kModify = 3 };
    Epoll* epoll = as_epoll(file);
    if (epoll == nullptr || &file == &target)
        return error(kEINVAL);
    if (target.host_descriptor() < 0)
        return error(kEPERM);
    Guard guard(epoll->lock);
    size_t index = epoll->find(fd);
    bool known = index < epoll->watches.size();
    if (known && epoll->watches[index].host_fd != target.host_descriptor()) {
        epoll->watches[index].used = false;
        known = false;
    }
    if (operation == kAdd) {
        if (!known) {
            for (index = 0; index < epoll->watches.size(); index++)
                if (!epoll->watches[index].used)
                    break;
            if (index == epoll->watches.size() && !epoll->watches.push(Watch{}))
                return error(kENOMEM);
        }
        Watch& watch = epoll->watches[index];
        uint32_t generation = watch.generation + 1;
        int64_t result = host_control(*epoll, kAdd, target.host_descriptor(), event.events,
                                      index | static_cast<uint64_t>(generation) << 32);
        if (result < 0)
            return error(static_cast<int>(-result));
        watch = Watch{fd, target.host_descriptor(), generation, event, true};
        return {};
    }
    if (!known)
        return error(kENOENT);
    Watch& watch = epoll->watches[index];
    uint64_t data = index | static_cast<uint64_t>(watch.generation) << 32;
    int64_t result = host_control(*epoll, operation, target.host_descriptor(), event.events, data);
    if (result < 0)
        return error(static_cast<int>(-result));
    if (operation == kDelete)
        watch.used = false;
    else
        watch.event = event;
    return {};
}

Result<uint64_t> epoll_wait_events(File& file, uint64_t events, uint32_t maximum, bool forever,
                                   uint64_t timeout_ns) {
    Epoll* epoll = as_epoll(file);
    if (epoll == nullptr)
        return error(kEINVAL);
    constexpr uint32_t kBatch = 1024;
    uint32_t count = maximum < kBatch ? maximum : kBatch;
    uint64_t at = enclave::window_data() + enclave::kResultArea;
    uint64_t timeout_ms = (timeout_ns + 999'999) / 1'000'000;
    if (timeout_ms > INT32_MAX)
        timeout_ms = INT32_MAX;
    int64_t result =
        enclave::checked_result(host_call(__NR_epoll_wait, Interruptible::Yes,
                                          static_cast<uint64_t>(epoll->host_descriptor()), at,
                                          count, forever ? ~0ull : timeout_ms),
                                count);
    if (result < 0)
        return error(static_cast<int>(-result));  // EINTR is never restarted here
    uint64_t delivered = 0;
    for (int64_t i = 0; i < result; i++) {
        uint8_t bytes[16];
        uint64_t entry = at + static_cast<uint64_t>(i) * sizeof(EpollEvent);
        // Entries are 12 bytes long: read the aligned words around this one.
        enclave::copy_from_host(bytes, entry & ~7ull, sizeof bytes);
        EpollEvent host;
        __builtin_memcpy(&host, bytes + (entry & 7), sizeof host);
        EpollEvent out;
        {
            Guard guard(epoll->lock);
            // HOST: an index that was never given out, or an old one, is dropped.
            uint64_t index = host.data & 0xffffffff;
            if (index >= epoll->watches.size())
                continue;
            const Watch& watch = epoll->watches[index];
            if (!watch.used || watch.generation != host.data >> 32)
                continue;
            out = {host.events & (watch.event.events | kAlways), watch.event.data};
        }
        SCONE_TRY(copy_to_program(events + delivered * sizeof out, &out, sizeof out));
        delivered++;
    }
    return delivered;
}

}  // namespace scone::libos
