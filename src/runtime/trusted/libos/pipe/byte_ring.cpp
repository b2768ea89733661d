#include "runtime/trusted/libos/pipe/byte_ring.h"

#include "runtime/trusted/enclave/heap.h"

namespace scone::libos {

ByteRing::~ByteRing() {
    release();
}

void ByteRing::release() {
    enclave::heap_free(bytes_);
    bytes_ = nullptr;
    capacity_ = 0;
    head_ = tail_ = 0;
}

Result<void> ByteRing::set_capacity(uint64_t capacity) {
    auto* bytes = static_cast<uint8_t*>(enclave::heap_allocate(capacity));
    if (bytes == nullptr)
        return error(linux_abi::kENOMEM);
    uint64_t count = size();
    for (uint64_t i = 0; i < count; i++)
        bytes[i] = bytes_[(head_ + i) & (capacity_ - 1)];
    enclave::heap_free(bytes_);
    bytes_ = bytes;
    capacity_ = capacity;
    head_ = 0;
    tail_ = count;
    return {};
}

Result<void> ByteRing::peek(const IoBuffer& to, uint64_t count) const {
    uint64_t at = head_ & (capacity_ - 1);
    uint64_t first = capacity_ - at < count ? capacity_ - at : count;
    SCONE_TRY(to.put(0, bytes_ + at, first));
    return first < count ? to.put(first, bytes_, count - first) : Result<void>{};
}

void ByteRing::restart_if_empty() {
    if (size() == 0)
        head_ = tail_ = 0;
}

void ByteRing::retract(uint64_t count) {
    cuts_.fetch_add(1, std::memory_order_seq_cst);
    tail_.fetch_sub(count, std::memory_order_release);
}

Result<void> ByteRing::stage(const IoBuffer& from, uint64_t count) {
    uint64_t at = tail_ & (capacity_ - 1);
    uint64_t first = capacity_ - at < count ? capacity_ - at : count;
    SCONE_TRY(from.get(0, bytes_ + at, first));
    return first < count ? from.get(first, bytes_, count - first) : Result<void>{};
}

}  // namespace scone::libos
