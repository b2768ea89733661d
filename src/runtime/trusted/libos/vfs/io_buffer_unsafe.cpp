#include "lib/base/checked.h"
#include "runtime/trusted/enclave/heap.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/enclave/layout_unsafe.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/vfs/io_buffer.h"

namespace scone::libos {

using namespace linux_abi;

IoBuffer IoBuffer::of_runtime(void* memory, uint64_t size) {
    IoBuffer buffer;
    buffer.single_ = {reinterpret_cast<uint64_t>(memory), size};
    buffer.size_ = size;
    return buffer;
}

IoBuffer IoBuffer::of_program(uint64_t address, uint64_t size) {
    IoBuffer buffer = of_runtime(reinterpret_cast<void*>(address), size);
    buffer.program_ = true;
    return buffer;
}

Result<IoBuffer> IoBuffer::of_vectors(uint64_t address, uint64_t count, Iovec* storage) {
    if (count > kMaximumVectors)
        return error(kEINVAL);
    if (count != 0)
        SCONE_TRY(copy_from_program(storage, address, count * sizeof(Iovec)));
    IoBuffer buffer;
    buffer.parts_ = storage;
    buffer.program_ = true;
    for (uint64_t i = 0; i < count; i++) {
        auto sum = base::checked_add(buffer.size_, storage[i].size);
        if (!sum || *sum > INT64_MAX)
            return error(kEINVAL);
        buffer.size_ = *sum;
    }
    return buffer;
}

ProgramVectors::ProgramVectors()
    : storage_(static_cast<Iovec*>(enclave::heap_allocate(kMaximumVectors * sizeof(Iovec)))) {}
ProgramVectors::~ProgramVectors() {
    enclave::heap_free(storage_);
}
Result<IoBuffer> ProgramVectors::load(uint64_t address, uint64_t count) {
    if (storage_ == nullptr)
        return error(kENOMEM);
    return IoBuffer::of_vectors(address, count, storage_);
}

uint8_t* IoBuffer::runtime_memory() const {
    // SAFETY: of_runtime() was given this memory.
    return program_ ? nullptr : reinterpret_cast<uint8_t*>(single_.base + skip_);
}

void IoBuffer::advance(uint64_t count) {
    size_ -= count;
    skip_ += count;
    while (parts_ != nullptr && size_ > 0 && skip_ >= parts_[part_].size) {
        skip_ -= parts_[part_].size;
        part_++;
    }
}

template <class F>
Result<void> IoBuffer::for_parts(uint64_t offset, uint64_t count, F&& visit) const {
    uint64_t part = part_, skip = skip_ + offset, done = 0;
    while (done < count) {
        const Iovec& range = parts_ == nullptr ? single_ : parts_[part];
        if (skip >= range.size) {
            skip -= range.size;
            part++;
            continue;
        }
        uint64_t step = range.size - skip < count - done ? range.size - skip : count - done;
        SCONE_TRY(visit(range.base + skip, done, step));
        done += step;
        skip += step;
    }
    return {};
}

Result<void> IoBuffer::put(uint64_t offset, const void* from, uint64_t count) const {
    return for_parts(offset, count, [&](uint64_t to, uint64_t done, uint64_t step) -> Result<void> {
        auto* source = static_cast<const uint8_t*>(from) + done;
        if (program_)
            return copy_to_program(to, source, step);
        __builtin_memcpy(reinterpret_cast<void*>(to), source, step);
        return {};
    });
}

Result<void> IoBuffer::get(uint64_t offset, void* to, uint64_t count) const {
    return for_parts(offset, count,
                     [&](uint64_t from, uint64_t done, uint64_t step) -> Result<void> {
                         auto* target = static_cast<uint8_t*>(to) + done;
                         if (program_)
                             return copy_from_program(target, from, step);
                         __builtin_memcpy(target, reinterpret_cast<const void*>(from), step);
                         return {};
                     });
}

// HOST: [host, host + count) lies in the thread's window. Program memory is written and read in one
// pass; the host may change the source meanwhile, which is no worse than having sent other bytes.
Result<void> IoBuffer::put_from_host(uint64_t offset, uint64_t host, uint64_t count) const {
    if (!program_ && parts_ == nullptr) {
        enclave::copy_from_host(reinterpret_cast<void*>(single_.base + skip_ + offset), host,
                                count);
        return {};
    }
    return put(offset, reinterpret_cast<const void*>(host), count);
}

Result<void> IoBuffer::get_to_host(uint64_t offset, uint64_t host, uint64_t count) const {
    if (!program_ && parts_ == nullptr) {
        enclave::copy_to_host(host, reinterpret_cast<void*>(single_.base + skip_ + offset), count);
        return {};
    }
    return get(offset, reinterpret_cast<void*>(host), count);
}

}  // namespace scone::libos
