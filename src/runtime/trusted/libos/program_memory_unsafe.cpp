#include "runtime/trusted/enclave/layout_unsafe.h"
#include "runtime/trusted/libos/mm/address_space.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/task/process.h"

extern "C" {
size_t scone_copy_program(void* to, const void* from, size_t size);
uint64_t scone_cas32_program(uint64_t address, uint32_t expected, uint32_t desired, uint32_t* seen);
}

namespace scone::libos {
namespace {

using namespace linux_abi;

// Memory of the enclave below the image, or outside memory that is mapped in this process. The
// content of the latter is the host's; like every value it is copied once and looked at afterwards.
bool is_accessible(uint64_t address, uint64_t size) {
    return enclave::is_program_range(address, size) ||
           (address >= enclave::elrange_end() &&
            current_process().memory->is_own_outside(address, size));
}

// Copies, mending page faults of memory that is mapped but not there yet.
Result<void> copy(void* to, const void* from, uint64_t size, uint64_t program_address,
                  uint32_t access) {
    if (size == 0)
        return {};
    if (!is_accessible(program_address, size))
        return error(kEFAULT);
    uint64_t done = 0;
    for (;;) {
        uint64_t left = scone_copy_program(static_cast<uint8_t*>(to) + done,
                                           static_cast<const uint8_t*>(from) + done, size - done);
        if (left == 0)
            return {};
        done = size - left;
        if (current_process().memory->handle_fault(program_address + done, access) !=
            FaultVerdict::Mended)
            return error(kEFAULT);
    }
}

// Where the first NUL is; `size` when there is none. Eight bytes at a time.
uint64_t find_nul(const char* text, uint64_t size) {
    constexpr uint64_t kOnes = 0x0101010101010101, kHighs = 0x8080808080808080;
    uint64_t at = 0;
    for (; at + 8 <= size; at += 8) {
        uint64_t word;
        __builtin_memcpy(&word, text + at, 8);
        if (uint64_t zeros = (word - kOnes) & ~word & kHighs; zeros != 0)
            return at + static_cast<uint64_t>(__builtin_ctzll(zeros)) / 8;
    }
    while (at < size && text[at] != 0)
        at++;
    return at;
}

}  // namespace

Result<void> copy_from_program(void* to, uint64_t from, uint64_t size) {
    return copy(to, reinterpret_cast<const void*>(from), size, from, kPROT_READ);
}

Result<void> copy_to_program(uint64_t to, const void* from, uint64_t size) {
    return copy(reinterpret_cast<void*>(to), from, size, to, kPROT_WRITE);
}

Result<void> clear_program(uint64_t to, uint64_t size) {
    static const uint8_t zeros[4096] = {};
    while (size > 0) {
        uint64_t step = size < sizeof zeros ? size : sizeof zeros;
        SCONE_TRY(copy_to_program(to, zeros, step));
        to += step;
        size -= step;
    }
    return {};
}

Result<void> copy_path(Path& to, uint64_t from) {
    to.clear();
    for (size_t done = 0; done < kPathMax;) {
        // Never over a page's end: the text may stand at the end of what is mapped.
        uint64_t step = 4096 - (from + done) % 4096;
        if (step > 256)
            step = 256;
        if (step > kPathMax - done)
            step = kPathMax - done;
        char chunk[256];
        SCONE_TRY(copy_from_program(chunk, from + done, step));
        uint64_t size = find_nul(chunk, step);
        to.append({chunk, size});
        if (size < step)
            return {};
        done += step;
    }
    return error(kENAMETOOLONG);
}

Result<uint32_t> compare_exchange_program(uint64_t address, uint32_t expected, uint32_t desired) {
    if (address % 4 != 0)
        return error(kEINVAL);
    if (!is_accessible(address, 4))
        return error(kEFAULT);
    uint32_t seen;
    while (scone_cas32_program(address, expected, desired, &seen) != 0) {
        if (current_process().memory->handle_fault(address, kPROT_WRITE) != FaultVerdict::Mended)
            return error(kEFAULT);
    }
    return seen;
}

}  // namespace scone::libos
