#include "lib/base/checked.h"
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/enclave/thread_block.h"
#include "runtime/trusted/libos/mm/outside.h"
#include "runtime/trusted/libos/pipe/cross_process_lock.h"
#include "runtime/trusted/libos/pipe/shared_ring.h"
#include "runtime/trusted/libos/vector_section.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::host_call;
using enclave::Interruptible;

constexpr uint64_t kMagic = 0x31455049504e4353;  // "SCNPIPE1"
// The header's words.
constexpr uint64_t kMagicAt = 0, kWriteLockAt = 8, kGivingAt = 24, kHeadAt = 32, kTailAt = 40,
                   kRecordHeadAt = 48, kRecordTailAt = 56, kCapacityAt = 64, kFlagsAt = 72,
                   kReadLockAt = 96, kTakingAt = 112, kCutsAt = 120;
constexpr uint64_t kTableAt = 4096, kTableEntry = 128, kVersionAt = 16, kVersionSize = 48;
constexpr uint64_t kRecordSize = 4096;
// Writes are joined with the record before them up to this size, so that two neighbours together
// hold more and the table cannot overflow before the capacity is reached.
constexpr uint64_t kJoinSize = 1024;

// The tokens limit a pipe. There is place for more, because a reader that took tokens has not moved
// the head yet.
constexpr uint64_t place_for(uint64_t capacity) {
    return 2 * capacity;
}
constexpr uint64_t slots_for(uint64_t capacity) {
    return 2 * place_for(capacity) / kJoinSize + 4;
}
constexpr uint64_t kDataAt =
    base::round_up(kTableAt + slots_for(SharedRing::kMaximumCapacity) * kTableEntry, kRecordSize);
constexpr uint64_t kSize = kDataAt + 2 * slots_for(SharedRing::kMaximumCapacity) * kRecordSize;

base::ByteArray<16> additional_data(uint64_t start, uint64_t size) {
    base::ByteArray<16> bytes;
    __builtin_memcpy(bytes.data(), &start, 8);
    __builtin_memcpy(bytes.data() + 8, &size, 8);
    return bytes;
}

}  // namespace

// SAFETY: [base_, base_ + kSize) is host memory, as outside::map() checked; offsets are multiples
// of 8 below kSize.
uint64_t SharedRing::word(uint64_t offset) const {
    return enclave::host_load(reinterpret_cast<const void*>(base_ + offset));
}
void SharedRing::set_word(uint64_t offset, uint64_t value) {
    enclave::host_store(reinterpret_cast<void*>(base_ + offset), value);
}

Result<Ref<SharedRing>> SharedRing::over_memory(int memory_fd) {
    auto ring = make_ref<SharedRing>();
    if (!ring) {
        enclave::host_close(memory_fd);
        return error(kENOMEM);
    }
    ring->memory_fd_ = memory_fd;
    // Whole pages are page aligned, which the cipher's key wants.
    ring->memory_ = static_cast<uint8_t*>(enclave::heap_allocate(3 * enclave::kPageSize));
    if (ring->memory_ == nullptr)
        return error(kENOMEM);
    ring->key_ = new (ring->memory_) aead::GcmKeyContext;
    ring->plain_ = ring->memory_ + enclave::kPageSize;
    ring->sealed_ = ring->memory_ + 2 * enclave::kPageSize;
    ring->base_ = SCONE_TRY(outside::map(outside::At::Anywhere, 0, kSize, kPROT_READ | kPROT_WRITE,
                                         kMAP_NORESERVE, memory_fd, 0));
    return ring;
}

Result<Ref<SharedRing>> SharedRing::make(uint64_t capacity, const ChannelName& name) {
    Ref<SharedRing> ring = SCONE_TRY(over_memory(SCONE_TRY(channel_key::make_memory(kSize))));
    aead::GcmKey key;
    channel_key::draw(key);
    aead::gcm_set_key(runtime_cipher(), key, *ring->key_);
    ring->name_ = name;
    SCONE_TRY(channel_key::wrap(ring->base_ + channel_key::kWrappedAt, name, key));
    ring->set_word(kCapacityAt, capacity);
    ring->set_word(kMagicAt, kMagic);
    return ring;
}

Result<Ref<SharedRing>> SharedRing::open(int memory_fd) {
    Ref<SharedRing> ring = SCONE_TRY(over_memory(memory_fd));
    Stat now{};
    if (enclave::host_fstat(memory_fd, now) < 0 || static_cast<uint64_t>(now.size) < kSize ||
        ring->word(kMagicAt) != kMagic)
        return error(kEIO);
    aead::GcmKey key;
    SCONE_TRY(channel_key::unwrap(ring->base_ + channel_key::kWrappedAt, ring->name_, key));
    aead::gcm_set_key(runtime_cipher(), key, *ring->key_);
    return ring;
}

SharedRing::~SharedRing() {
    if (base_ != 0)
        outside::unmap(base_, kSize);
    if (memory_fd_ >= 0)
        enclave::host_close(memory_fd_);
    if (key_ != nullptr)
        key_->~GcmKeyContext();
    if (memory_ != nullptr)
        base::wipe(plain_, kRecordSize);
    enclave::heap_free(memory_);
}

uint64_t SharedRing::lock_address(Side side) const {
    return base_ + (side == Side::Writing ? kWriteLockAt : kReadLockAt);
}

// A mark that was left behind: the lock's last owner died in the middle, or the host broke its
// word. Whoever finds it repairs with both locks, writing before reading.
Result<void> SharedRing::lock(Side side, TokenCount tokens) {
    CrossProcessLock own(lock_address(side));
    own.lock();
    if (word(side == Side::Writing ? kGivingAt : kTakingAt) == 0)
        return {};
    if (side == Side::Reading)
        own.unlock();
    CrossProcessLock writing(lock_address(Side::Writing)), reading(lock_address(Side::Reading));
    if (side == Side::Reading)
        writing.lock();
    reading.lock();
    auto repaired = repair(tokens);
    if (side == Side::Writing || !repaired)
        reading.unlock();
    if (side == Side::Reading || !repaired)
        writing.unlock();
    return repaired;
}
void SharedRing::unlock(Side side) {
    CrossProcessLock(lock_address(side)).unlock();
}

// HOST: positions are consistent with each other and never go back behind what this process saw.
// The other side may be moving its own: the head is read first, so that it is not beyond the tail.
Result<SharedRing::Position> SharedRing::position() {
    Position at;
    at.head = word(kHeadAt);
    at.record_head = word(kRecordHeadAt);
    at.tail = word(kTailAt);
    at.record_tail = word(kRecordTailAt);
    if (at.head < seen_head_ || at.tail < at.head || at.tail < seen_tail_ ||
        at.tail - at.head > place_for(kMaximumCapacity) || at.record_tail < at.record_head)
        return error(kEIO);
    return at;
}

Result<uint64_t> SharedRing::size() {
    Position at = SCONE_TRY(position());
    return at.tail - at.head;
}
uint64_t SharedRing::capacity() const {
    uint64_t value = word(kCapacityAt);
    return value < enclave::kPageSize ? enclave::kPageSize
           : value < kMaximumCapacity ? value
                                      : kMaximumCapacity;
}
uint32_t SharedRing::status_flags(unsigned end) const {
    return static_cast<uint32_t>(word(kFlagsAt + 8 * end));
}
void SharedRing::set_status_flags(unsigned end, uint32_t flags) {
    set_word(kFlagsAt + 8 * end, flags);
}

uint64_t SharedRing::slot_of(uint64_t index) const {
    return index % slots_for(capacity());
}

SharedRing::RecordHead SharedRing::record_head(uint64_t index, uint64_t* version) const {
    uint64_t entry = kTableAt + slot_of(index) * kTableEntry, current = word(entry) & 1;
    RecordHead head;
    enclave::copy_from_host(&head, base_ + entry + kVersionAt + current * kVersionSize,
                            sizeof head);
    if (version != nullptr)
        *version = current;
    return head;
}

// A writer may be joining bytes to the record: then there is a newer version.
Result<SharedRing::RecordHead> SharedRing::open_record(uint64_t index) {
    constexpr unsigned kAttempts = 64;
    for (unsigned attempt = 1;; attempt++) {
        auto opened = try_open_record(index);
        if (opened || attempt == kAttempts)
            return opened;
        __builtin_ia32_pause();
    }
}

Result<SharedRing::RecordHead> SharedRing::try_open_record(uint64_t index) {
    uint64_t version;
    RecordHead head = record_head(index, &version);
    if (head.size == 0 || head.size > kRecordSize)
        return error(kEIO);
    if (opened_.size != 0 && __builtin_memcmp(&head, &opened_, sizeof head) == 0)
        return head;
    opened_.size = 0;
    enclave::copy_from_host(sealed_, base_ + kDataAt + (2 * slot_of(index) + version) * kRecordSize,
                            head.size);
    aead::Nonce nonce;
    __builtin_memcpy(nonce.bytes.data(), head.nonce, sizeof head.nonce);
    auto opened = aead::gcm_open(runtime_cipher(), *key_, nonce,
                                 additional_data(head.start, head.size), {sealed_, head.size},
                                 std::span<const uint8_t, 16>(head.tag), {plain_, head.size});
    if (!opened)
        return error(kEIO);
    opened_ = head;
    return head;
}

// The bytes are plain_[0, size). A record that takes another one's place is written beside it.
Result<void> SharedRing::seal_record(uint64_t index, bool replaces, uint64_t start, uint64_t size) {
    uint64_t slot = slot_of(index), entry = kTableAt + slot * kTableEntry;
    uint64_t version = replaces ? ~word(entry) & 1 : 0;
    RecordHead head{};
    head.start = start;
    head.size = size;
    aead::Nonce nonce = channel_key::next_nonce();
    __builtin_memcpy(head.nonce, nonce.bytes.data(), sizeof head.nonce);
    auto tag = aead::gcm_seal(runtime_cipher(), *key_, nonce, additional_data(start, size),
                              {plain_, size}, {sealed_, size});
    if (!tag)
        return error(kEIO);
    __builtin_memcpy(head.tag, tag->data(), sizeof head.tag);
    enclave::copy_to_host(base_ + kDataAt + (2 * slot + version) * kRecordSize, sealed_, size);
    enclave::copy_to_host(base_ + entry + kVersionAt + version * kVersionSize, &head, sizeof head);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    set_word(entry, version);
    opened_ = head;
    return {};
}

// A record that was taken out entirely stays the first one until more is wanted: a writer may
// still join bytes to it. False: a writer took everything back meanwhile.
Result<bool> SharedRing::first_record(Position& at, RecordHead& head) {
    while (at.record_head < at.record_tail) {
        head = SCONE_TRY(open_record(at.record_head));
        if (at.head < head.start)
            return error(kEIO);
        if (at.head - head.start < head.size)
            return true;
        at.record_head++;
    }
    return false;
}

uint64_t SharedRing::cuts() const {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return word(kCutsAt);
}

Result<uint64_t> SharedRing::peek(const IoBuffer& to, uint64_t count) {
    Position at = SCONE_TRY(position());
    RecordHead head;
    if (!SCONE_TRY(first_record(at, head)))
        return 0;
    set_word(kRecordHeadAt, at.record_head);
    for (uint64_t done = 0;;) {
        uint64_t skip = at.head + done - head.start;
        uint64_t step = head.size - skip < count - done ? head.size - skip : count - done;
        SCONE_TRY(to.put(done, plain_ + skip, step));
        done += step;
        if (done == count || ++at.record_head >= at.record_tail)
            return done;
        head = SCONE_TRY(open_record(at.record_head));
        // No gap, no repetition: the records follow each other. Where they do not, a writer changed
        // its mind, or the next read finds out.
        if (head.start != at.head + done)
            return done;
    }
}

void SharedRing::begin_taking() {
    set_word(kTakingAt, 1);
    std::atomic_thread_fence(std::memory_order_seq_cst);
}

// Records that are passed are skipped by the heads alone, which are not authenticated: a wrong one
// leads to records that do not follow each other, which the next read finds.
Result<void> SharedRing::taken(uint64_t count) {
    Position at = SCONE_TRY(position());
    if (count > at.tail - at.head)
        return error(kEIO);
    at.head += count;
    while (at.record_head + 1 < at.record_tail) {
        RecordHead next = record_head(at.record_head + 1);
        if (next.start > at.head)
            break;
        at.record_head++;
    }
    // A writer that sees the new head may use the slots before the new first record.
    set_word(kRecordHeadAt, at.record_head);
    set_word(kHeadAt, at.head);
    seen_head_ = at.head;
    set_word(kTakingAt, 0);
    return {};
}

Result<uint64_t> SharedRing::stage(const IoBuffer& from, uint64_t count) {
    Position at = SCONE_TRY(position());
    seen_tail_ = at.tail;
    uint64_t content = at.tail - at.head;
    uint64_t place = place_for(capacity());
    uint64_t room = content < place ? place - content : 0;
    if (count > room)
        count = room;
    uint64_t done = 0;
    if (count > 0 && at.record_tail > at.record_head) {
        RecordHead last = SCONE_TRY(open_record(at.record_tail - 1));
        if (at.tail <= last.start || at.tail - last.start > last.size)
            return error(kEIO);
        // It may be longer than the content: what was staged and found no tokens.
        uint64_t used = at.tail - last.start;
        uint64_t joined = content > 0 && used + count <= kJoinSize ? count : 0;
        if (joined > 0 || used < last.size) {
            opened_.size = 0;
            SCONE_TRY(from.get(0, plain_ + used, joined));
            SCONE_TRY(seal_record(at.record_tail - 1, true, last.start, used + joined));
            done = joined;
        }
    }
    for (uint64_t index = at.record_tail; done < count; index++) {
        if (index - at.record_head >= slots_for(capacity()))
            break;
        uint64_t step = count - done < kRecordSize ? count - done : kRecordSize;
        opened_.size = 0;
        SCONE_TRY(from.get(done, plain_, step));
        SCONE_TRY(seal_record(index, false, at.tail + done, step));
        done += step;
    }
    return done;
}

Result<void> SharedRing::give(uint64_t count) {
    Position at = SCONE_TRY(position());
    uint64_t end = at.tail + count, covered = at.tail;
    if (at.record_tail > at.record_head) {
        RecordHead last = record_head(at.record_tail - 1);
        covered = last.start + last.size;
    }
    for (; covered < end; at.record_tail++) {
        RecordHead head = record_head(at.record_tail);
        if (head.start != covered || head.size == 0 || head.size > kRecordSize)
            return error(kEIO);
        covered += head.size;
    }
    set_word(kGivingAt, 1);
    set_word(kRecordTailAt, at.record_tail);
    set_word(kTailAt, end);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return {};
}

// Takes the content's end back to `tail`, and the records that begin behind it.
void SharedRing::cut_tail(const Position& at, uint64_t tail) {
    set_word(kCutsAt, word(kCutsAt) + 1);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    uint64_t record_tail = at.record_tail;
    while (record_tail > at.record_head && record_head(record_tail - 1).start >= tail)
        record_tail--;
    set_word(kTailAt, tail);
    set_word(kRecordTailAt, record_tail);
}

Result<void> SharedRing::given(uint64_t staged, uint64_t count) {
    Position at = SCONE_TRY(position());
    uint64_t tail = at.tail - (staged - count);
    if (at.tail - at.head < staged - count || tail < seen_tail_)
        return error(kEIO);
    if (count < staged)
        cut_tail(at, tail);
    seen_tail_ = tail;
    set_word(kGivingAt, 0);
    return {};
}

// HOST: the number is its word; repair() holds it to what this process knows.
Result<uint64_t> SharedRing::count_tokens(TokenCount tokens) {
    constexpr uint64_t kFionread = 0x541b, kTiocoutq = 0x5411;
    bool counts = tokens.tells == TokenCount::Tells::Number;
    alignas(8) uint32_t count[2] = {};
    int64_t result = enclave::host_structure_call(__NR_ioctl, 2, count, 0, sizeof count,
                                                  static_cast<uint64_t>(tokens.fd),
                                                  counts ? kFionread : kTiocoutq);
    if (result < 0)
        return error(kEIO);
    if (!counts && count[0] != 0)
        return error(kEAGAIN);
    return count[0];
}

// Somebody died while tokens were moved: their number tells how far it came.
Result<void> SharedRing::repair(TokenCount source) {
    bool giving = word(kGivingAt) != 0, taking = word(kTakingAt) != 0;
    if (!giving && !taking)
        return {};
    uint64_t tokens = SCONE_TRY(count_tokens(source));
    Position at = SCONE_TRY(position());
    uint64_t content = at.tail - at.head;
    if (tokens > content || (tokens < content && giving == taking))
        return error(kEIO);
    if (taking)
        SCONE_TRY(taken(content - tokens));
    else if (at.head + tokens < seen_tail_)
        return error(kEIO);
    else if (tokens < content)
        cut_tail(at, at.head + tokens);
    set_word(kGivingAt, 0);
    return {};
}

Result<void> SharedRing::set_capacity(uint64_t capacity, TokenCount tokens) {
    SCONE_TRY(lock(Side::Writing, tokens));
    auto locked = lock(Side::Reading, tokens);
    auto done = locked ? move_records(capacity) : locked;
    if (locked)
        unlock(Side::Reading);
    unlock(Side::Writing);
    return done;
}

// Records have other places under another capacity.
Result<void> SharedRing::move_records(uint64_t capacity) {
    Position at = SCONE_TRY(position());
    uint64_t count = at.tail - at.head, index = 0;
    auto* bytes = static_cast<uint8_t*>(enclave::heap_allocate(count + 8));
    if (bytes == nullptr)
        return error(kENOMEM);
    Result<void> moved{};
    if (count > 0) {
        auto copied = peek(IoBuffer::of_runtime(bytes, count), count);
        if (!copied || *copied != count)
            moved = error(kEIO);
    }
    if (moved)
        set_word(kCapacityAt, capacity);
    for (uint64_t done = 0; moved && done < count; index++) {
        uint64_t step = count - done < kRecordSize ? count - done : kRecordSize;
        opened_.size = 0;
        __builtin_memcpy(plain_, bytes + done, step);
        moved = seal_record(index, false, at.head + done, step);
        done += step;
    }
    if (moved) {
        set_word(kRecordHeadAt, 0);
        set_word(kRecordTailAt, index);
    }
    base::wipe(bytes, count);
    enclave::heap_free(bytes);
    return moved;
}

}  // namespace scone::libos
