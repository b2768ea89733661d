#include <atomic>

#include "runtime/trusted/enclave/heap.h"
#include "runtime/trusted/enclave/host_calls/host_call.h"
#include "runtime/trusted/enclave/layout_unsafe.h"
#include "runtime/trusted/enclave/leaf_unsafe.h"
#include "runtime/trusted/enclave/thread_block.h"
#include "runtime/trusted/libos/linux_abi.h"
#include "runtime/trusted/libos/log.h"
#include "runtime/trusted/libos/mm/pages.h"
#include "runtime/trusted/libos/text.h"

namespace scone::libos::pages {
namespace {

using enclave::kPageSize;
constexpr uint64_t kChunkPages = 512;
constexpr uint64_t kWantedNow = 1;
constexpr uint64_t kChunkSize = kChunkPages * kPageSize;

struct Chunk {
    uint64_t bits[kChunkPages / 64];
};
Chunk** chunks;
uint64_t committed, peak, commit_limit;
std::atomic<bool> reported;

Chunk* chunk_of(uint64_t address, bool make) {
    Chunk*& slot = chunks[address / kChunkSize];
    if (slot == nullptr && make) {
        slot = static_cast<Chunk*>(enclave::heap_allocate(sizeof(Chunk)));
        if (slot != nullptr)
            __builtin_memset(slot, 0, sizeof(Chunk));
    }
    return slot;
}

void mark(uint64_t address, bool present) {
    Chunk* chunk = chunk_of(address, false);
    uint64_t index = address / kPageSize % kChunkPages;
    if (present)
        chunk->bits[index / 64] |= 1ull << index % 64;
    else
        chunk->bits[index / 64] &= ~(1ull << index % 64);
}

// First page in [address, end) whose presence is `wanted`.
uint64_t find(uint64_t address, uint64_t end, bool wanted) {
    while (address < end) {
        Chunk* chunk = chunk_of(address, false);
        uint64_t index = address / kPageSize % kChunkPages;
        if (chunk == nullptr) {
            if (!wanted)
                return address;
            address += (kChunkPages - index) * kPageSize;
            continue;
        }
        uint64_t word = wanted ? chunk->bits[index / 64] : ~chunk->bits[index / 64];
        word >>= index % 64;
        if (word != 0) {
            address += static_cast<uint64_t>(__builtin_ctzll(word)) * kPageSize;
            return address < end ? address : end;
        }
        address += (64 - index % 64) * kPageSize;
    }
    return end;
}

// Room for the pages, in the limit and in the table.
bool make_room(uint64_t address, uint64_t size) {
    if (committed + size > commit_limit) {
        report_exhaustion();
        return false;
    }
    for (uint64_t at = address; at < address + size; at += kChunkSize - at % kChunkSize)
        if (chunk_of(at, true) == nullptr)
            return false;
    return true;
}

void count(uint64_t address, uint64_t size) {
    for (uint64_t at = address; at < address + size; at += kPageSize)
        mark(at, true);
    committed += size;
    if (committed > peak)
        peak = committed;
}

bool commit_run(uint64_t address, uint64_t size, Written written) {
    if (!make_room(address, size))
        return false;
    if (enclave::host_call(boundary::kHostExtend, enclave::Interruptible::No, address, size,
                           enclave::kPageRead | enclave::kPageWrite,
                           written == Written::Soon ? kWantedNow : 0) != 0)
        return false;
    // HOST: EACCEPT fails for a page that the host did not add as asked.
    if (!enclave::accept_pages(address, size,
                               enclave::kPageRegular | enclave::kPageRead | enclave::kPageWrite |
                                   enclave::kPagePending))
        fatal("the host did not add the pages that it was asked for");
    count(address, size);
    return true;
}

}  // namespace

void initialise(uint64_t limit) {
    chunks = static_cast<Chunk**>(
        enclave::heap_pages(enclave::elrange_end() / kChunkSize * sizeof(Chunk*)));
    if (chunks == nullptr)
        fatal("no memory for the table of pages");
    commit_limit = limit;
}

bool is_committed(uint64_t address) {
    Chunk* chunk = chunk_of(address, false);
    uint64_t index = address / kPageSize % kChunkPages;
    return chunk != nullptr && (chunk->bits[index / 64] >> index % 64 & 1);
}
uint64_t next_committed(uint64_t address, uint64_t end) {
    return find(address, end, true);
}
uint64_t next_missing(uint64_t address, uint64_t end) {
    return find(address, end, false);
}
uint64_t committed_size() {
    return committed;
}
uint64_t committed_peak() {
    return peak;
}
uint64_t limit() {
    return commit_limit;
}

bool commit(uint64_t address, uint64_t size, Written written) {
    uint64_t end = address + size;
    for (uint64_t at = next_missing(address, end); at < end; at = next_missing(at, end)) {
        uint64_t stop = next_committed(at, end);
        if (!commit_run(at, stop - at, written))
            return false;
        at = stop;
    }
    return true;
}

bool commit_filled(uint64_t address, uint64_t size, const void* content, uint32_t prot) {
    constexpr uint64_t kRights = enclave::kPageRead | enclave::kPageWrite;
    if (!make_room(address, size) ||
        enclave::host_call(boundary::kHostExtend, enclave::Interruptible::No, address, size, 0,
                           kWantedNow) != 0)
        return false;
    // HOST: EACCEPTCOPY fails for a page that the host did not add as asked.
    if (!enclave::accept_copies(address, size, content, kRights))
        fatal("the host did not add the pages that it was asked for");
    count(address, size);
    return enclave::host_call(boundary::kHostProtect, enclave::Interruptible::No, address, size,
                              prot) == 0;
}

void trim(uint64_t address, uint64_t size) {
    uint64_t end = address + size;
    for (uint64_t at = next_committed(address, end); at < end; at = next_committed(at, end)) {
        uint64_t stop = next_missing(at, end);
        enclave::host_call(boundary::kHostTrim, enclave::Interruptible::No, at, stop - at);
        for (uint64_t page = at; page < stop; page += kPageSize)
            mark(page, false);
        committed -= stop - at;
        at = stop;
    }
}

bool protect(uint64_t address, uint64_t size, uint32_t prot) {
    uint64_t end = address + size;
    for (uint64_t at = next_committed(address, end); at < end; at = next_committed(at, end)) {
        uint64_t stop = next_missing(at, end);
        if (enclave::host_call(boundary::kHostProtect, enclave::Interruptible::No, at, stop - at,
                               prot) != 0)
            return false;
        at = stop;
    }
    return true;
}

void report_exhaustion() {
    if (reported.exchange(true))
        return;
    FixedText<200> text;
    text.append(
        "Protected heap memory exhausted! Set SCONE_HEAP environment variable to increase it.\n");
    text.append("    Available memory: ").append_number((commit_limit - committed) / 1024);
    text.append(" kB");
    log(Level::Warning, text.view());
}

}  // namespace scone::libos::pages
