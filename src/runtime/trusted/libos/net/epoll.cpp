#include "runtime/trusted/libos/net/epoll.h"

#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/fs/host_file.h"
#include "runtime/trusted/libos/net/temporary_mask.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/vector.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::Guard;
using enclave::host_call;
using enclave::Interruptible;

enum { kAdd = 1, kDelete = 2, kModify = 3 };
constexpr uint32_t kAlways = kPollErr | kPollHup;
constexpr uint64_t kDupfdCloexec = 1030;

struct Watch {
    int fd = -1;
    int host_fd = -1;
    uint32_t generation = 0;
    EpollEvent event{};
    bool used = false;
    bool in_enclave = false;  // the host's readiness is a hint: the file is asked again
    bool duplicated = false;  // host_fd is this watch's own
    File* file = nullptr;     // compared, and followed only while the descriptor names it
};

class Epoll : public HostFile {
  public:
    explicit Epoll(int host_fd) : HostFile(host_fd, kO_RDWR, 0, "anon_inode:[eventpoll]") {}
    ~Epoll() override;
    FileKind kind() const override { return FileKind::Epoll; }
    // HostFile reads and writes its descriptor; an epoll has neither.
    Result<uint64_t> read(IoBuffer&) override { return error(kEINVAL); }
    Result<uint64_t> write(IoBuffer&) override { return error(kEINVAL); }

    size_t find(int fd) const {
        for (size_t i = 0; i < watches.size(); i++)
            if (watches[i].used && watches[i].fd == fd)
                return i;
        return watches.size();
    }
    // The same file under another number.
    bool watches_another(int fd, const File& file) {
        Guard guard(lock);
        for (const Watch& watch : watches)
            if (watch.used && watch.fd != fd && watch.file == &file)
                return true;
        return false;
    }
    void drop(Watch& watch) {
        if (watch.duplicated)
            enclave::host_close(watch.host_fd);
        watch.used = watch.duplicated = false;
    }

    enclave::SpinLock lock;
    Vector<Watch> watches;
};

// The epolls that may hold descriptors of their own. The list's lock goes before the epolls'.
enclave::SpinLock holders_lock;
Vector<Epoll*> holders;
std::atomic<uint32_t> holder_count{0};

Epoll::~Epoll() {
    Guard guard(holders_lock);
    for (size_t i = 0; i < holders.size(); i++)
        if (holders[i] == this)
            holders.erase(i--);
    holder_count = static_cast<uint32_t>(holders.size());
    for (Watch& watch : watches)
        if (watch.used)
            drop(watch);
}

Result<void> note_holder(Epoll& epoll) {
    Guard guard(holders_lock);
    for (Epoll* known : holders)
        if (known == &epoll)
            return {};
    if (!holders.push(&epoll))
        return error(kENOMEM);
    holder_count = static_cast<uint32_t>(holders.size());
    return {};
}

int64_t host_control(Epoll& epoll, int operation, int host_fd, uint32_t events, uint64_t data) {
    EpollEvent event{events, data};
    uint8_t bytes[16] = {};
    __builtin_memcpy(bytes, &event, sizeof event);
    return enclave::host_structure_call(
        __NR_epoll_ctl, 3, bytes, sizeof bytes, 0, static_cast<uint64_t>(epoll.host_descriptor()),
        static_cast<uint64_t>(operation), static_cast<uint64_t>(host_fd));
}

// Linux keys registrations by descriptor and file, the host sees one descriptor for all duplicates
// of a file: the second of them gets a duplicate on the host too.
int64_t add_on_host(Epoll& epoll, Watch& watch, uint64_t data) {
    int64_t result = host_control(epoll, kAdd, watch.host_fd, watch.event.events, data);
    if (result != -kEEXIST)
        return result;
    int64_t copy =
        enclave::checked_result(host_call(__NR_fcntl, Interruptible::No,
                                          static_cast<uint64_t>(watch.host_fd), kDupfdCloexec, 100),
                                1 << 24);
    if (copy < 0)
        return copy;
    watch.host_fd = static_cast<int>(copy);
    watch.duplicated = true;
    return host_control(epoll, kAdd, watch.host_fd, watch.event.events, data);
}

Result<void> add_watch(Epoll& epoll, int fd, File& target, int host_fd, const EpollEvent& event) {
    if (epoll.watches_another(fd, target))
        SCONE_TRY(note_holder(epoll));
    Guard guard(epoll.lock);
    size_t index = epoll.find(fd);
    if (index < epoll.watches.size()) {
        Watch& old = epoll.watches[index];
        // The number may have been closed and opened again as another file: the host has then
        // dropped the old registration.
        if (old.file == &target && old.duplicated)
            return error(kEEXIST);
        if (old.file != &target)
            epoll.drop(old);
    } else {
        for (index = 0; index < epoll.watches.size(); index++)
            if (!epoll.watches[index].used)
                break;
        if (index == epoll.watches.size() && !epoll.watches.push(Watch{}))
            return error(kENOMEM);
    }
    Watch& watch = epoll.watches[index];
    bool same = watch.used;
    Watch fresh{fd,    host_fd, watch.generation + 1, event, true, target.polls_in_enclave(),
                false, &target};
    uint64_t data = index | static_cast<uint64_t>(fresh.generation) << 32;
    int64_t result = same ? host_control(epoll, kAdd, host_fd, event.events, data)
                          : add_on_host(epoll, fresh, data);
    if (result < 0) {
        if (fresh.duplicated)
            enclave::host_close(fresh.host_fd);
        return error(static_cast<int>(-result));
    }
    watch = fresh;
    return {};
}

Result<void> change_watch(Epoll& epoll, int operation, int fd, File& target,
                          const EpollEvent& event) {
    Guard guard(epoll.lock);
    size_t index = epoll.find(fd);
    if (index == epoll.watches.size() || epoll.watches[index].file != &target)
        return error(kENOENT);
    Watch& watch = epoll.watches[index];
    uint64_t data = index | static_cast<uint64_t>(watch.generation) << 32;
    int64_t result = host_control(epoll, operation, watch.host_fd, event.events, data);
    if (result < 0)
        return error(static_cast<int>(-result));
    if (operation == kDelete)
        epoll.drop(watch);
    else
        watch.event = event;
    return {};
}

// HOST: an index that was never given out, or an old one, is dropped, and so are events that
// nobody asked for.
bool translate(Epoll& epoll, const EpollEvent& host, EpollEvent& out) {
    Watch watch;
    {
        Guard guard(epoll.lock);
        uint64_t index = host.data & 0xffffffff;
        if (index >= epoll.watches.size())
            return false;
        watch = epoll.watches[index];
    }
    if (!watch.used || watch.generation != host.data >> 32)
        return false;
    out = {host.events & (watch.event.events | kAlways), watch.event.data};
    if (watch.in_enclave) {
        auto file = current_process().files->get(watch.fd);
        if (file && file->get() == watch.file && (*file)->polls_in_enclave())
            out.events &= (*file)->poll_now();
    }
    return out.events != 0;
}

int64_t ask_host(Epoll& epoll, uint64_t at, uint32_t count, const Timeout& timeout, bool sleeps) {
    return host_wait([&] {
        uint64_t milliseconds = ~0ull;
        if (!sleeps)
            milliseconds = 0;
        else if (!timeout.forever) {
            milliseconds = (timeout.left_ns() + 999'999) / 1'000'000;
            if (milliseconds > INT32_MAX)
                milliseconds = INT32_MAX;
        }
        return enclave::checked_result(
            host_call(__NR_epoll_wait, Interruptible::Yes,
                      static_cast<uint64_t>(epoll.host_descriptor()), at, count, milliseconds),
            count);
    });
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
    if (file.kind() != FileKind::Epoll || &file == &target)
        return error(kEINVAL);
    int host_fd = SCONE_TRY(target.poll_descriptor());
    if (host_fd < 0)
        return error(kEPERM);
    auto& epoll = static_cast<Epoll&>(file);
    switch (operation) {
        case kAdd:
            return add_watch(epoll, fd, target, host_fd, event);
        case kModify:
        case kDelete:
            return change_watch(epoll, operation, fd, target, event);
        default:
            return error(kEINVAL);
    }
}

Result<uint64_t> epoll_wait_events(File& file, uint64_t events, uint32_t maximum,
                                   const Timeout& timeout) {
    if (file.kind() != FileKind::Epoll)
        return error(kEINVAL);
    auto& epoll = static_cast<Epoll&>(file);
    constexpr uint32_t kBatch = 1024;
    uint32_t count = maximum < kBatch ? maximum : kBatch;
    uint64_t at = enclave::window_data() + enclave::kResultArea;
    for (;;) {
        bool signalled = signal_ends_wait();
        bool sleeps = !timeout.is_immediate() && !signalled;
        int64_t result = ask_host(epoll, at, count, timeout, sleeps);
        if (result < 0)
            return error(static_cast<int>(-result));  // EINTR is never restarted here
        uint64_t delivered = 0;
        for (int64_t i = 0; i < result; i++) {
            uint8_t bytes[16];
            uint64_t entry = at + static_cast<uint64_t>(i) * sizeof(EpollEvent);
            // Entries are 12 bytes long: read the aligned words around this one.
            enclave::copy_from_host(bytes, entry & ~7ull, sizeof bytes);
            EpollEvent host, out;
            __builtin_memcpy(&host, bytes + (entry & 7), sizeof host);
            if (!translate(epoll, host, out))
                continue;
            SCONE_TRY(copy_to_program(events + delivered * sizeof out, &out, sizeof out));
            delivered++;
        }
        if (delivered > 0)
            return delivered;
        if (signalled) {
            current_thread().block->pending.store(1, std::memory_order_relaxed);
            return error(kEINTR);
        }
        if (!sleeps || (!timeout.forever && timeout.left_ns() == 0))
            return 0;
    }
}

void forget_in_epolls(const File& file) {
    if (holder_count.load(std::memory_order_relaxed) == 0)
        return;
    Guard guard(holders_lock);
    for (Epoll* epoll : holders) {
        Guard inner(epoll->lock);
        for (Watch& watch : epoll->watches)
            if (watch.used && watch.file == &file)
                epoll->drop(watch);
    }
}

}  // namespace scone::libos
