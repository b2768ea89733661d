#include "lib/base/endian.h"
#include "runtime/trusted/enclave/heap.h"
#include "runtime/trusted/enclave/layout_unsafe.h"
#include "runtime/trusted/enclave/leaf_unsafe.h"
#include "runtime/trusted/enclave/spin_lock.h"
#include "runtime/trusted/enclave/thread_block.h"
#include "runtime/trusted/libos/hosted/deferred_pages.h"
#include "runtime/trusted/libos/hosted/hosted.h"
#include "runtime/trusted/libos/log.h"

extern "C" {
void scone_hosted_switch(uint64_t* save_stack, uint64_t to_stack);
void scone_hosted_start();
void scone_save_vectors(void* area);
void scone_restore_vectors(const void* area);
}

namespace scone::libos {
namespace {

constexpr uint64_t kStackSize = 2 << 20;

enclave::SpinLock hosted_lock;
uint64_t core_stack, hosted_stack, hosted_fs;
void (*pending_function)(void*);
void* pending_argument;

// argc, argv, environment and auxiliary vector as the C library's start code reads them.
uint64_t make_start_stack() {
    auto* memory = static_cast<uint8_t*>(enclave::heap_pages(kStackSize));
    auto* random = static_cast<uint8_t*>(enclave::heap_allocate(16));
    if (memory == nullptr || random == nullptr)
        fatal("no memory for the provisioning layer");
    enclave::fill_random(random, 16);
    const auto* header = reinterpret_cast<const uint8_t*>(enclave::image_base());
    uint64_t table = enclave::image_base() + base::load_le64(header + 32);
    static const char kName[] = "provisioning";
    const uint64_t words[] = {1,  reinterpret_cast<uint64_t>(kName),
                              0,  0,
                              3,  table,
                              4,  56,
                              5,  base::load_le16(header + 56),
                              6,  enclave::kPageSize,
                              9,  enclave::image_base() + base::load_le64(header + 24),
                              11, 0,
                              12, 0,
                              13, 0,
                              14, 0,
                              16, 0,
                              23, 1,
                              25, reinterpret_cast<uint64_t>(random),
                              0,  0};
    uint64_t at = (reinterpret_cast<uint64_t>(memory) + kStackSize - 4096 - sizeof words) & ~63ull;
    __builtin_memcpy(reinterpret_cast<void*>(at), words, sizeof words);
    // What scone_hosted_switch pops: six registers and the address to go to.
    auto* frame = reinterpret_cast<uint64_t*>(at - 7 * 8);
    for (int i = 0; i < 6; i++)
        frame[i] = 0;
    frame[6] = reinterpret_cast<uint64_t>(&scone_hosted_start);
    return reinterpret_cast<uint64_t>(frame);
}

uint64_t read_fs() {
    uint64_t value;
    asm volatile("rdfsbase %0" : "=r"(value));
    return value;
}
void write_fs(uint64_t value) {
    asm volatile("wrfsbase %0" : : "r"(value));
}

void make_clean_vectors(uint8_t* area) {
    __builtin_memset(area, 0, enclave::kVectorAreaSize);
    base::store_le16(area, 0x37f);
    base::store_le32(area + 24, 0x1f80);
    area[512] = 3;
}

}  // namespace

// The hosted layer's main loop: gives control back and waits for the next function.
extern "C" void scone_hosted_next(void (**function)(void*), void** argument) {
    hosted_fs = read_fs();
    scone_hosted_switch(&hosted_stack, core_stack);
    *function = pending_function;
    *argument = pending_argument;
}

void run_hosted(void (*function)(void*), void* argument) {
    enclave::Guard guard(hosted_lock);
    auto* vectors = static_cast<uint8_t*>(enclave::heap_allocate(enclave::kVectorAreaSize + 64));
    if (vectors == nullptr)
        fatal("no memory for the provisioning layer");
    auto* area = reinterpret_cast<uint8_t*>((reinterpret_cast<uint64_t>(vectors) + 63) & ~63ull);
    __builtin_memset(area, 0, enclave::kVectorAreaSize);
    scone_save_vectors(area);
    uint64_t program_fs = read_fs();
    if (hosted_stack == 0) {
        check_deferred_pages();
        alignas(64) uint8_t clean[enclave::kVectorAreaSize];
        make_clean_vectors(clean);
        scone_restore_vectors(clean);
        hosted_stack = make_start_stack();
        write_fs(0);
        scone_hosted_switch(&core_stack, hosted_stack);  // runs the C library's start code
    }
    pending_function = function;
    pending_argument = argument;
    write_fs(hosted_fs);
    scone_hosted_switch(&core_stack, hosted_stack);
    write_fs(program_fs);
    scone_restore_vectors(area);
    enclave::heap_free(vectors);
}

}  // namespace scone::libos
