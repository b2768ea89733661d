// System calls and CPUID of the hosted layer: memory, random bytes, time and messages; no files, no
// network, no other threads.
#include "runtime/trusted/enclave/heap.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/leaf_unsafe.h"
#include "runtime/trusted/libos/errno.h"
#include "runtime/trusted/libos/log.h"
#include "runtime/trusted/libos/text.h"
#include "runtime/trusted/libos/time/clock.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

int64_t allocate(uint64_t size) {
    void* memory = enclave::heap_allocate((size + 4095) & ~4095ull);
    if (memory == nullptr)
        return -kENOMEM;
    __builtin_memset(memory, 0, (size + 4095) & ~4095ull);
    return reinterpret_cast<int64_t>(memory);
}

void message(uint64_t address, uint64_t size) {
    FixedText<512> text("provisioning: ");
    auto* bytes = reinterpret_cast<const char*>(address);
    while (size > 0 && bytes[size - 1] == '\n')
        size--;
    text.append({bytes, size < 400 ? size : 400});
    log(Level::Error, text.view());
}

int64_t clock(uint64_t id, uint64_t address) {
    auto now = clock_now(static_cast<int>(id));
    if (!now)
        return -now.error().value;
    __builtin_memcpy(reinterpret_cast<void*>(address), &*now, sizeof *now);
    return 0;
}

}  // namespace

extern "C" int64_t scone_hosted_syscall(uint64_t number, const uint64_t* a) {
    switch (number) {
        case __NR_brk:
            return 0;
        case __NR_mmap:
            // Anonymous memory only; heap blocks of a page or more are page aligned.
            return a[4] == ~0ull || (a[3] & kMAP_ANONYMOUS) ? allocate(a[1]) : -kEBADF;
        case __NR_munmap:
        case __NR_mprotect:
        case __NR_madvise:
        case __NR_set_robust_list:
        case __NR_rt_sigprocmask:
        case __NR_rt_sigaction:
            return 0;
        case __NR_arch_prctl:
            if (a[0] != 0x1002)
                return -kEINVAL;
            asm volatile("wrfsbase %0" : : "r"(a[1]));
            return 0;
        case __NR_getrandom:
            enclave::fill_random(reinterpret_cast<void*>(a[0]), a[1]);
            return static_cast<int64_t>(a[1]);
        case __NR_clock_gettime:
            return clock(a[0], a[1]);
        case __NR_time: {
            auto seconds = static_cast<int64_t>(realtime_ns() / 1'000'000'000);
            if (a[0] != 0)
                *reinterpret_cast<int64_t*>(a[0]) = seconds;
            return seconds;
        }
        case __NR_gettimeofday: {
            uint64_t now = realtime_ns();
            auto* out = reinterpret_cast<uint64_t*>(a[0]);
            out[0] = now / 1'000'000'000;
            out[1] = now % 1'000'000'000 / 1000;
            return 0;
        }
        case __NR_write:
            message(a[1], a[2]);
            return static_cast<int64_t>(a[2]);
        case __NR_writev: {
            int64_t done = 0;
            auto* vectors = reinterpret_cast<const Iovec*>(a[1]);
            for (uint64_t i = 0; i < a[2]; i++) {
                message(vectors[i].base, vectors[i].size);
                done += static_cast<int64_t>(vectors[i].size);
            }
            return done;
        }
        case __NR_set_tid_address:
        case __NR_getpid:
        case __NR_gettid:
            return 1;
        case __NR_getuid:
        case __NR_geteuid:
        case __NR_getgid:
        case __NR_getegid:
            return 0;
        case __NR_futex:
            // One thread: nobody waits, and nobody would wake.
            return (a[1] & 127) == 1 ? 0 : -kEAGAIN;
        case __NR_open:
        case __NR_openat:
        case __NR_readlink:
        case __NR_newfstatat:
        case __NR_access:
            return -kENOENT;
        case __NR_exit:
        case __NR_exit_group:
        case __NR_tgkill:
        case __NR_tkill:
            fatal("the provisioning layer stopped");
        default:
            return -kENOSYS;
    }
}

// What the C library and OpenSSL may use: SSE up to 4.2, AES, PCLMULQDQ, RDRAND. The same on every
// machine: CPUID itself cannot be executed in an enclave.
extern "C" void scone_hosted_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t* out) {
    out[0] = out[1] = out[2] = out[3] = 0;
    (void)subleaf;
    if (leaf == 0) {
        out[0] = 1;
        __builtin_memcpy(&out[1], "Scon", 4);
        __builtin_memcpy(&out[3], "eEnc", 4);
        __builtin_memcpy(&out[2], "lave", 4);
    } else if (leaf == 1) {
        out[0] = 0x000606a0;
        out[2] = 1u << 0 | 1u << 1 | 1u << 9 | 1u << 13 | 1u << 19 | 1u << 20 | 1u << 22 |
                 1u << 23 | 1u << 25 | 1u << 30;
        out[3] = 1u << 0 | 1u << 4 | 1u << 8 | 1u << 15 | 1u << 23 | 1u << 24 | 1u << 25 | 1u << 26;
    } else if (leaf == 0x80000000) {
        out[0] = 0x80000001;
    } else if (leaf == 0x80000001) {
        out[2] = 1;
        out[3] = 1u << 29 | 1u << 20;
    }
}

}  // namespace scone::libos
