#include "lib/base/checked.h"
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/enclave/leaf_unsafe.h"
#include "runtime/trusted/enclave/spin_lock.h"
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
constexpr uint64_t kMagicAt = 0, kLockAt = 8, kPhaseAt = 24, kHeadAt = 32, kTailAt = 40,
                   kRecordHeadAt = 48, kRecordTailAt = 56, kCapacityAt = 64, kFlagsAt = 72,
                   kWrappedKeyAt = 128;
constexpr uint64_t kTableAt = 4096, kTableEntry = 128, kVersionAt = 16, kVersionSize = 48;
constexpr uint64_t kRecordSize = 4096;
// Writes are joined with the record before them up to this size, so that two neighbours together
// hold more and the table cannot overflow before the capacity is reached.
constexpr uint64_t kJoinSize = 1024;

constexpr uint64_t slots_for(uint64_t capacity) {
    return 2 * capacity / kJoinSize + 4;
}
constexpr uint64_t kDataAt =
    base::round_up(kTableAt + slots_for(SharedRing::kMaximumCapacity) * kTableEntry, kRecordSize);
constexpr uint64_t kSize = kDataAt + 2 * slots_for(SharedRing::kMaximumCapacity) * kRecordSize;

// One source of nonces for all keys of this process: 64 random bits and a counter.
enclave::SpinLock nonce_lock;
uint64_t nonce_prefix;
uint32_t nonce_counter;
bool nonce_ready;

aead::Nonce next_nonce() {
    enclave::Guard guard(nonce_lock);
    if (!nonce_ready || nonce_counter == UINT32_MAX) {
        enclave::fill_random(&nonce_prefix, sizeof nonce_prefix);
        nonce_counter = 0;
        nonce_ready = true;
    }
    aead::Nonce nonce;
    __builtin_memcpy(nonce.bytes.data(), &nonce_prefix, sizeof nonce_prefix);
    __builtin_memcpy(nonce.bytes.data() + 8, &nonce_counter, sizeof nonce_counter);
    nonce_counter++;
    return nonce;
}

// The key that the processes of one program have in common: it wraps the keys of pipes, so that a
// pipe can go to a process that was there before it.
enclave::SpinLock family_lock;
aead::GcmKeyContext* family_key;

Result<const aead::GcmKeyContext*> family() {
    enclave::Guard guard(family_lock);
    if (family_key == nullptr) {
        void* memory = enclave::heap_allocate(enclave::kPageSize);
        if (memory == nullptr)
            return error(kENOMEM);
        family_key = new (memory) aead::GcmKeyContext;
        aead::GcmKey key;
        enclave::fill_random(key.expose_mutable().data(), aead::kGcmKeySize);
        aead::gcm_set_key(runtime_cipher(), key, *family_key);
    }
    return family_key;
}

struct WrappedKey {
    uint8_t nonce[12], pad[4], tag[16], key[aead::kGcmKeySize];
};

Result<int> make_memory(uint64_t size) {
    constexpr std::string_view kName = "scone-pipe";
    constexpr uint64_t kCloexec = 1, kSetSignal = 10;
    enclave::copy_to_host(enclave::window_data(), kName.data(), kName.size() + 1);
    int64_t fd = enclave::checked_result(
        host_call(__NR_memfd_create, Interruptible::No, enclave::window_data(), kCloexec), 1 << 24);
    if (fd < 0)
        return error(static_cast<int>(-fd));
    auto memory = static_cast<uint64_t>(fd);
    int64_t result = host_call(__NR_ftruncate, Interruptible::No, memory, size);
    if (result == 0)
        result =
            host_call(__NR_fcntl, Interruptible::No, memory, kSetSignal, SharedRing::kMemoryMark);
    if (result != 0) {
        enclave::host_close(static_cast<int>(fd));
        return error(kENOMEM);
    }
    return static_cast<int>(fd);
}

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

Result<Ref<SharedRing>> SharedRing::make(uint64_t capacity) {
    const aead::GcmKeyContext* family_context = SCONE_TRY(family());
    Ref<SharedRing> ring = SCONE_TRY(over_memory(SCONE_TRY(make_memory(kSize))));
    aead::GcmKey key;
    enclave::fill_random(key.expose_mutable().data(), aead::kGcmKeySize);
    aead::gcm_set_key(runtime_cipher(), key, *ring->key_);
    WrappedKey wrapped{};
    aead::Nonce nonce = next_nonce();
    __builtin_memcpy(wrapped.nonce, nonce.bytes.data(), sizeof wrapped.nonce);
    auto tag = aead::gcm_seal(runtime_cipher(), *family_context, nonce, {}, key.expose(),
                              {wrapped.key, sizeof wrapped.key});
    if (!tag)
        return error(kEIO);
    __builtin_memcpy(wrapped.tag, tag->data(), sizeof wrapped.tag);
    enclave::copy_to_host(ring->base_ + kWrappedKeyAt, &wrapped, sizeof wrapped);
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
    WrappedKey wrapped;
    enclave::copy_from_host(&wrapped, ring->base_ + kWrappedKeyAt, sizeof wrapped);
    aead::Nonce nonce;
    __builtin_memcpy(nonce.bytes.data(), wrapped.nonce, sizeof wrapped.nonce);
    aead::GcmKey key;
    auto opened = aead::gcm_open(runtime_cipher(), *SCONE_TRY(family()), nonce, {},
                                 {wrapped.key, sizeof wrapped.key},
                                 std::span<const uint8_t, 16>(wrapped.tag), key.expose_mutable());
    if (!opened)
        return error(kEIO);
    aead::gcm_set_key(runtime_cipher(), key, *ring->key_);
    return ring;
}

Result<void> SharedRing::make_family_key() {
    SCONE_TRY(family());
    return {};
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

Result<void> SharedRing::lock(int token_fd) {
    CrossProcessLock shared(base_ + kLockAt);
    if (shared.lock() == CrossProcessLock::Taken::FromTheDead) {
        auto repaired = repair(token_fd);
        if (!repaired) {
            shared.unlock();
            return repaired;
        }
    }
    return {};
}
void SharedRing::unlock() {
    CrossProcessLock(base_ + kLockAt).unlock();
}

// HOST: positions are consistent with each other and never go back.
Result<SharedRing::Position> SharedRing::position() {
    Position at{word(kHeadAt), word(kTailAt), word(kRecordHeadAt), word(kRecordTailAt)};
    if (at.head < seen_head_ || at.tail < seen_tail_ || at.tail < at.head ||
        at.tail - at.head > kMaximumCapacity || at.record_tail < at.record_head ||
        at.record_tail - at.record_head > slots_for(capacity()))
        return error(kEIO);
    return at;
}
void SharedRing::store_position(const Position& at) {
    set_word(kHeadAt, at.head);
    set_word(kTailAt, at.tail);
    set_word(kRecordHeadAt, at.record_head);
    set_word(kRecordTailAt, at.record_tail);
    seen_head_ = at.head;
    seen_tail_ = at.tail;
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

Result<SharedRing::RecordHead> SharedRing::open_record(uint64_t index) {
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
    aead::Nonce nonce = next_nonce();
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

Result<void> SharedRing::peek(const IoBuffer& to, uint64_t count) {
    Position at = SCONE_TRY(position());
    uint64_t index = at.record_head, done = 0;
    while (done < count) {
        if (index == at.record_tail)
            return error(kEIO);
        RecordHead head = SCONE_TRY(open_record(index));
        uint64_t wanted = at.head + done;
        // No gap, no repetition: the records follow each other.
        if (wanted < head.start || wanted - head.start >= head.size ||
            (done > 0 && wanted != head.start))
            return error(kEIO);
        uint64_t skip = wanted - head.start;
        uint64_t step = head.size - skip < count - done ? head.size - skip : count - done;
        SCONE_TRY(to.put(done, plain_ + skip, step));
        done += step;
        index++;
    }
    return {};
}

Result<uint64_t> SharedRing::stage(const IoBuffer& from, uint64_t count) {
    Position at = SCONE_TRY(position());
    uint64_t room = capacity() - (at.tail - at.head < capacity() ? at.tail - at.head : capacity());
    if (count > room)
        count = room;
    uint64_t done = 0;
    if (count > 0 && at.record_tail > at.record_head) {
        // The last record may be longer than the content: what was staged and found no tokens.
        RecordHead last = SCONE_TRY(open_record(at.record_tail - 1));
        if (at.tail <= last.start || at.tail - last.start > last.size)
            return error(kEIO);
        uint64_t used = at.tail - last.start;
        uint64_t joined = used + count <= kJoinSize ? count : 0;
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

void SharedRing::begin(Phase phase) {
    set_word(kPhaseAt, static_cast<uint64_t>(phase));
    std::atomic_thread_fence(std::memory_order_seq_cst);
}

// Brings the records in line with the positions. The heads are not authenticated here: a wrong one
// leads to records that do not follow each other, which the next read finds.
Result<void> SharedRing::finish(Phase phase, uint64_t count) {
    Position at = SCONE_TRY(position());
    if (phase == Phase::Giving) {
        uint64_t end = at.tail + count;
        uint64_t covered = at.tail;
        if (at.record_tail > at.record_head) {
            RecordHead last = record_head(at.record_tail - 1);
            covered = last.start + last.size;
        }
        while (covered < end) {
            RecordHead head = record_head(at.record_tail);
            if (head.start != covered || head.size == 0 || head.size > kRecordSize)
                return error(kEIO);
            covered += head.size;
            at.record_tail++;
        }
        at.tail = end;
    } else {
        if (count > at.tail - at.head)
            return error(kEIO);
        at.head += count;
        while (at.head < at.tail && at.record_head < at.record_tail) {
            RecordHead head = record_head(at.record_head);
            if (at.head - head.start < head.size)
                break;
            at.record_head++;
        }
        // Empty: short messages stay in the first slots.
        if (at.head == at.tail)
            at.record_head = at.record_tail = 0;
    }
    store_position(at);
    begin(Phase::None);
    return {};
}

// The owner of the lock died between begin() and finish(): the tokens tell how far it came.
Result<void> SharedRing::repair(int token_fd) {
    constexpr uint64_t kFionread = 0x541b;
    auto phase = static_cast<Phase>(word(kPhaseAt));
    if (phase == Phase::None)
        return {};
    alignas(8) uint32_t tokens[2] = {};
    int64_t result = enclave::host_structure_call(__NR_ioctl, 2, tokens, 0, sizeof tokens,
                                                  static_cast<uint64_t>(token_fd), kFionread);
    if (result < 0)
        return error(kEIO);
    Position at = SCONE_TRY(position());
    uint64_t content = at.tail - at.head;
    if (phase == Phase::Giving && tokens[0] >= content)
        return finish(phase, tokens[0] - content);
    if (phase == Phase::Taking && tokens[0] <= content)
        return finish(phase, content - tokens[0]);
    return error(kEIO);
}

Result<void> SharedRing::set_capacity(uint64_t capacity) {
    Position at = SCONE_TRY(position());
    uint64_t count = at.tail - at.head;
    auto* bytes = static_cast<uint8_t*>(enclave::heap_allocate(count + 8));
    if (bytes == nullptr)
        return error(kENOMEM);
    // Records have other places under another capacity.
    IoBuffer content = IoBuffer::of_runtime(bytes, count);
    auto moved = peek(content, count);
    if (moved) {
        set_word(kCapacityAt, capacity);
        uint64_t index = 0;
        for (uint64_t done = 0; moved && done < count; index++) {
            uint64_t step = count - done < kRecordSize ? count - done : kRecordSize;
            opened_.size = 0;
            __builtin_memcpy(plain_, bytes + done, step);
            moved = seal_record(index, false, at.head + done, step);
            done += step;
        }
        at.record_head = 0;
        at.record_tail = index;
        store_position(at);
    }
    base::wipe(bytes, count);
    enclave::heap_free(bytes);
    return moved;
}

void SharedRing::renew_nonces() {
    nonce_ready = false;
}

}  // namespace scone::libos
