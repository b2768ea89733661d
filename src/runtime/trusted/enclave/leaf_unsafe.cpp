#include "runtime/trusted/enclave/leaf_unsafe.h"

#include "runtime/trusted/enclave/layout_unsafe.h"
#include "runtime/trusted/enclave/thread_block.h"

namespace scone::enclave {
namespace {

struct alignas(64) SecInfo {
    uint64_t flags;
    uint64_t reserved[7];
};
constexpr uint64_t kEreport = 0, kEgetkey = 1, kEaccept = 5, kEacceptCopy = 7;

}  // namespace

uint64_t accept_page(uint64_t address, uint64_t flags) {
    SecInfo info{flags, {}};
    return scone_leaf(kEaccept, &info, reinterpret_cast<const void*>(address), nullptr);
}

bool accept_pages(uint64_t address, uint64_t size, uint64_t flags) {
    SecInfo info{flags, {}};
    for (uint64_t at = address; at < address + size; at += kPageSize)
        if (scone_leaf(kEaccept, &info, reinterpret_cast<const void*>(at), nullptr) != 0)
            return false;
    return true;
}

bool accept_copies(uint64_t address, uint64_t size, const void* content, uint64_t rights) {
    SecInfo info{kPageRegular | rights, {}};
    const auto* from = static_cast<const uint8_t*>(content);
    for (uint64_t done = 0; done < size; done += kPageSize)
        if (scone_leaf(kEacceptCopy, &info, reinterpret_cast<const void*>(address + done),
                       from + done) != 0)
            return false;
    return true;
}

void make_report(std::span<const uint8_t, 512> target_info,
                 std::span<const uint8_t, 64> report_data, std::span<uint8_t, 432> report) {
    alignas(512) uint8_t target[512];
    alignas(128) uint8_t data[64];
    alignas(512) uint8_t out[512] = {};
    __builtin_memcpy(target, target_info.data(), 512);
    __builtin_memcpy(data, report_data.data(), 64);
    scone_leaf(kEreport, target, data, out);
    __builtin_memcpy(report.data(), out, 432);
}

bool get_key(std::span<const uint8_t, 512> key_request, std::span<uint8_t, 16> key) {
    alignas(512) uint8_t request[512];
    alignas(16) uint8_t out[16] = {};
    __builtin_memcpy(request, key_request.data(), 512);
    bool done = scone_leaf(kEgetkey, request, out, nullptr) == 0;
    if (done)
        __builtin_memcpy(key.data(), out, 16);
    __builtin_memset(out, 0, sizeof out);
    asm volatile("" : : "r"(out) : "memory");
    return done;
}

uint64_t hardware_random() {
    uint64_t value;
    unsigned char good;
    do {
        asm volatile("rdrand %0; setc %1" : "=r"(value), "=qm"(good) : : "cc");
    } while (!good);
    return value;
}

void fill_random(void* memory, uint64_t size) {
    auto* at = static_cast<uint8_t*>(memory);
    while (size > 0) {
        uint64_t value = hardware_random();
        uint64_t step = size < 8 ? size : 8;
        __builtin_memcpy(at, &value, step);
        at += step;
        size -= step;
    }
}

}  // namespace scone::enclave
