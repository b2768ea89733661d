// A small enclave that exercises the simulated processor: each argument names one exercise. It
// reports through its exit status (0: as expected) and, for some, by bytes on stdout.
#include <cstddef>
#include <cstdint>

#include "lib/sgx/architecture.h"
#include "lib/sgx/enclave_layout.h"
#include "runtime/boundary/wire/host_call_numbers.h"
#include "runtime/boundary/wire/host_window.h"

namespace boundary = scone::boundary;
namespace sgx = scone::sgx;

struct LeafResult {
    uint64_t rax;
    uint64_t flags;
};

extern "C" {
void exit_to_host();
LeafResult enclave_leaf(uint64_t rax, const void* rbx, const void* rcx, const void* rdx);
uint64_t trap_with_known_registers(uint64_t* seen);
uint64_t spin_with_known_registers(uint64_t rounds);
uint64_t read_with_recovery(uint64_t address);
void run_ud2();
void run_int3();
void run_divide();
// Hidden: else clang takes its address from a table that would need a relocation.
[[gnu::visibility("hidden")]] extern const uint8_t trap_site[];

void* memcpy(void* to, const void* from, size_t size) {
    void* result = to;
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
    return result;
}
void* memset(void* to, int value, size_t size) {
    void* result = to;
    asm volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
    return result;
}
}

namespace {

constexpr uint64_t kBase = sgx::kDefaultImageBase;
constexpr uint64_t kHeap = kBase + sgx::kRuntimeHeapOffset;
constexpr uint64_t kAccepted = 0x200 | 3;
constexpr uint64_t kPendingRw = 0x200 | 3 | 8;
constexpr uint64_t kZf = 0x40, kOtherFlags = 0x8b5 & ~kZf;

struct Event {
    uint64_t count;  // events at all
    uint64_t exceptions;
    uint64_t signals;
    uint8_t vector, type;
    uint64_t rip, address;
    uint32_t error;
};
volatile Event event;
volatile uint32_t threads_done;
volatile uint32_t orphan_mode;
volatile uint32_t seen_write;   // of the signal queue, at the last event without exception
volatile uint64_t resume_skip;  // bytes to skip when an exception is resumed
uint32_t* exit_words;           // in host memory

boundary::HostWindow* window() {
    boundary::HostWindow* result;
    asm("movq %%gs:16, %0" : "=r"(result));
    return result;
}

int64_t call(uint64_t number, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0, uint64_t d = 0,
             uint64_t e = 0, uint64_t f = 0, uint64_t flags = 0) {
    boundary::HostRequest& request = window()->request;
    request = {number, {a, b, c, d, e, f}, flags, 0};
    exit_to_host();
    return *const_cast<volatile int64_t*>(&request.result);
}

[[noreturn]] void finish(uint64_t status) {
    for (;;)
        call(boundary::kHostExitProcess, status);
}
#define CHECK(condition)                \
    do {                                \
        if (!(condition))               \
            fail(__LINE__, #condition); \
    } while (0)

uint8_t* data_area() {
    return reinterpret_cast<uint8_t*>(window()) + boundary::kWindowHeaderSize;
}
void write_out(const void* bytes, size_t size, uint64_t descriptor = 1) {
    memcpy(data_area(), bytes, size);
    call(1, descriptor, reinterpret_cast<uint64_t>(data_area()), size);
}
size_t length(const char* text) {
    size_t size = 0;
    while (text[size] != 0)
        size++;
    return size;
}
[[noreturn]] void fail(int line, const char* what) {
    char number[8] = "line ";
    write_out(number, 5, 2);
    char digits[5] = {char('0' + line / 1000 % 10), char('0' + line / 100 % 10),
                      char('0' + line / 10 % 10), char('0' + line % 10), ' '};
    write_out(digits, 5, 2);
    write_out(what, length(what), 2);
    write_out("\n", 1, 2);
    finish(1);
}
bool equal(const char* a, const char* b) {
    while (*a != 0 && *a == *b)
        a++, b++;
    return *a == *b;
}
uint64_t number_of(uint64_t value) {
    return value;
}

struct alignas(64) Secinfo {
    uint64_t flags;
    uint64_t reserved[7];
};
LeafResult accept(uint64_t address, uint64_t flags, uint64_t leaf = 5) {
    Secinfo info{flags, {}};
    return enclave_leaf(leaf, &info, reinterpret_cast<void*>(address), nullptr);
}
uint64_t drain_signals() {
    boundary::HostWindow* w = window();
    uint32_t written = __atomic_load_n(&w->signal_write, __ATOMIC_ACQUIRE);
    uint64_t count = written - w->signal_read;
    __atomic_store_n(&w->signal_read, written, __ATOMIC_RELEASE);
    return count;
}

// --- exercises ---

void hello() {
    write_out("hello from the enclave\n", 23);
    finish(7);
}

void report() {
    alignas(512) static sgx::TargetInfo target;
    alignas(128) static uint8_t data[64];
    alignas(512) static sgx::Report made;
    alignas(512) static sgx::KeyRequest request;
    alignas(16) static uint8_t key[16];
    for (int i = 0; i < 64; i++)
        data[i] = uint8_t(i);
    // A first report, for nobody, tells who we are.
    enclave_leaf(0, &target, data, &made);
    target.mr_enclave = made.body.mr_enclave;
    target.attributes = made.body.attributes;
    target.misc_select = made.body.misc_select;
    LeafResult result = enclave_leaf(0, &target, data, &made);
    CHECK(result.rax == 0);
    request.key_name = sgx::kKeyREPORT;
    request.key_id = made.key_id;
    result = enclave_leaf(1, &request, key, nullptr);
    CHECK(result.rax == 0 && (result.flags & kZf) == 0);
    write_out(&made, sizeof made);
    write_out(key, sizeof key);
    // Refusals have the SDM's codes, with ZF.
    request.key_name = 77;
    result = enclave_leaf(1, &request, key, nullptr);
    CHECK(result.rax == 256 && (result.flags & kZf) != 0);
    request.key_name = sgx::kKeyPROVISION;
    result = enclave_leaf(1, &request, key, nullptr);
    CHECK(result.rax == 2);
    request.key_name = sgx::kKeySEAL;
    request.key_policy = sgx::kKeypolicyMRENCLAVE;
    request.isv_svn = 0xffff;
    result = enclave_leaf(1, &request, key, nullptr);
    CHECK(result.rax == 64);
    request.isv_svn = 0;
    memset(&request.cpu_svn, 0xff, 16);
    result = enclave_leaf(1, &request, key, nullptr);
    CHECK(result.rax == 32);
    memset(&request.cpu_svn, 0, 16);
    result = enclave_leaf(1, &request, key, nullptr);
    CHECK(result.rax == 0);
    finish(0);
}

void pages() {
    CHECK(call(boundary::kHostExtend, kHeap, 0x4000, 3) == 0);
    CHECK(call(boundary::kHostExtend, kHeap + 0x3000, 0x1000, 3) == -17);
    CHECK(call(boundary::kHostExtend, kHeap + 1, 0x1000, 3) == -22);
    CHECK(call(boundary::kHostExtend, kBase + (2ull << 30), 0x1000, 3) == -22);
    LeafResult result = accept(kHeap, kAccepted);
    CHECK(result.rax == 19 && (result.flags & kZf) && !(result.flags & kOtherFlags));
    result = accept(kHeap, kPendingRw);
    CHECK(result.rax == 0 && !(result.flags & (kZf | kOtherFlags)));
    CHECK(accept(kHeap, kPendingRw).rax == 19);
    auto* memory = reinterpret_cast<volatile uint64_t*>(kHeap);
    CHECK(memory[5] == 0);
    memory[5] = 99;
    // EACCEPTCOPY: content and rights of another page.
    Secinfo info{0x200 | 1 | 2 | 4, {}};
    result = enclave_leaf(7, &info, reinterpret_cast<void*>(kHeap + 0x1000),
                          reinterpret_cast<void*>(kHeap));
    CHECK(result.rax == 0 && memory[512 + 5] == 99);
    // EMODPE, then host rights, then running code there.
    CHECK(accept(kHeap + 0x2000, kPendingRw).rax == 0);
    const uint8_t code[] = {0xb8, 0x39, 0x30, 0, 0, 0xc3};  // mov $12345, %eax; ret
    memcpy(reinterpret_cast<void*>(kHeap + 0x2000), code, sizeof code);
    Secinfo executable{0x200 | 4, {}};
    enclave_leaf(6, &executable, reinterpret_cast<void*>(kHeap + 0x2000), nullptr);
    CHECK(call(boundary::kHostProtect, kHeap + 0x2000, 0x1000, 5) == 0);
    CHECK(reinterpret_cast<uint32_t (*)()>(kHeap + 0x2000)() == 12345);
    // W was taken: EMODPR, to be accepted with PR.
    CHECK(accept(kHeap + 0x2000, 0x200 | 5 | 32).rax == 0);
    // Away and new: zero again.
    CHECK(call(boundary::kHostMakeTrim, kHeap, 0x1000) == 0);
    CHECK(accept(kHeap, 0x400 | 16).rax == 0);
    CHECK(call(boundary::kHostTrim, kHeap, 0x1000) == 0);
    CHECK(call(boundary::kHostExtend, kHeap, 0x1000, 3) == 0);
    CHECK(accept(kHeap, kPendingRw).rax == 0);
    CHECK(memory[5] == 0);
    // Added without access and filled by EACCEPTCOPY: there when the rights are set, complete.
    memory[5] = 7;
    CHECK(call(boundary::kHostExtend, kHeap + 0x4000, 0x2000, 0, 1) == 0);
    for (uint64_t page = kHeap + 0x4000; page < kHeap + 0x6000; page += 0x1000)
        CHECK(enclave_leaf(7, &info, reinterpret_cast<void*>(page), reinterpret_cast<void*>(kHeap))
                  .rax == 0);
    CHECK(call(boundary::kHostProtect, kHeap + 0x4000, 0x2000, 1) == 0);
    CHECK(memory[4 * 512 + 5] == 7 && memory[5 * 512 + 5] == 7);
    // Taken away before it was seen, and added again: nothing of it is left.
    auto* unseen = reinterpret_cast<void*>(kHeap + 0x6000);
    CHECK(call(boundary::kHostExtend, kHeap + 0x6000, 0x1000, 0) == 0);
    CHECK(enclave_leaf(7, &info, unseen, reinterpret_cast<void*>(kHeap)).rax == 0);
    CHECK(call(boundary::kHostTrim, kHeap + 0x6000, 0x1000) == 0);
    CHECK(call(boundary::kHostExtend, kHeap + 0x6000, 0x1000, 0) == 0);
    CHECK(accept(kHeap + 0x6000, kPendingRw).rax == 0);
    CHECK(call(boundary::kHostProtect, kHeap + 0x6000, 0x1000, 3) == 0);
    CHECK(memory[6 * 512 + 5] == 0);
    // The host's own memory calls must not reach into the enclave.
    CHECK(call(11, kHeap, 0x1000) == -22);
    CHECK(call(13, 2, 0, 0, 8) == -38);
    finish(0);
}

void trap() {
    uint64_t seen = 0;
    resume_skip = 2;
    CHECK(trap_with_known_registers(&seen) == 0);
    CHECK(seen == 4242);
    CHECK(event.exceptions == 1 && event.vector == 6 && event.type == 3);
    CHECK(event.rip == reinterpret_cast<uint64_t>(trap_site));
    finish(0);
}

void exceptions() {
    resume_skip = 3;
    CHECK(read_with_recovery(0x12345678) == 4242);
    CHECK(event.vector == 14 && event.address == 0x12345678 && (event.error & 7) == 4);
    CHECK(read_with_recovery(0x8000000000000000) == 4242);
    CHECK(event.vector == 13);
    resume_skip = 2;
    run_ud2();
    CHECK(event.vector == 6);
    run_divide();
    CHECK(event.vector == 0 && event.exceptions == 4);
    resume_skip = 0;
    run_int3();
    CHECK(event.vector == 3 && event.type == 6);
    finish(0);
}

void set_timer(uint64_t microseconds) {
    auto* value = reinterpret_cast<uint64_t*>(data_area());
    value[0] = value[2] = 0;
    value[1] = value[3] = microseconds;
    CHECK(call(38, 0, reinterpret_cast<uint64_t>(value), 0) == 0);
}
uint64_t now_us() {
    auto* value = reinterpret_cast<uint64_t*>(data_area());
    call(228, 1, reinterpret_cast<uint64_t>(value));
    return value[0] * 1000000 + value[1] / 1000;
}

// Signals as fast as the kernel sends them, over host calls, traps and plain computing.
void storm() {
    int64_t parent = call(110);
    uint64_t end = now_us() + 3000000, rounds = 0, seen = 0, interrupted = 0;
    Secinfo info{kAccepted, {}};
    resume_skip = 2;
    set_timer(50);
    while (now_us() < end) {
        for (int i = 0; i < 200; i++) {
            CHECK(call(110) == parent);
            rounds++;
        }
        CHECK(spin_with_known_registers(20000) == 0);
        CHECK(trap_with_known_registers(&seen) == 0 && seen == 4242);
        // A leaf function on the host stack.
        CHECK(enclave_leaf(5, &info, reinterpret_cast<void*>(kBase + sgx::kSlotsOffset + 0x4000),
                           nullptr)
                  .rax == 0);
        auto* time = reinterpret_cast<uint64_t*>(data_area());
        time[0] = 0;
        time[1] = 100000;
        drain_signals();
        int64_t slept = call(35, reinterpret_cast<uint64_t>(time), 0, 0, 0, 0, 0,
                             boundary::kCallFlagInterruptible);
        CHECK(slept == 0 || slept == -4);
        interrupted += slept == -4;
    }
    set_timer(0);
    CHECK(event.signals > 1000 && rounds > 1000 && interrupted > 10);
    write_out("storm: events, host calls, interrupted sleeps:", 46, 2);
    for (uint64_t value : {number_of(event.signals), rounds, interrupted}) {
        char digits[11] = "          ";
        for (int i = 9; i > 0 && (value != 0 || i == 9); i--, value /= 10)
            digits[i] = char('0' + value % 10);
        write_out(digits, 10, 2);
    }
    write_out("\n", 1, 2);
    finish(0);
}

void interrupt() {
    // A signal that is queued already, and one that comes while the call sleeps.
    auto* time = reinterpret_cast<uint64_t*>(data_area()) + 8;
    set_timer(20000);
    time[0] = 5;
    time[1] = 0;
    auto sleep = [&] {
        return call(35, reinterpret_cast<uint64_t>(time), 0, 0, 0, 0, 0,
                    boundary::kCallFlagInterruptible);
    };
    CHECK(sleep() == -4);
    set_timer(0);
    CHECK(sleep() == -4);
    boundary::HostWindow* w = window();
    CHECK(w->signal_write > w->signal_read && w->signals[0].number == 14);
    drain_signals();
    time[0] = 0;
    time[1] = 1000000;
    CHECK(sleep() == 0);
    finish(0);
}

void make_thread(uint64_t slot) {
    CHECK(call(boundary::kHostExtend, slot, 6 * 4096, 3) == 0);
    CHECK(call(boundary::kHostExtend, slot + 16 * 4096, 48 * 4096, 3) == 0);
    for (uint64_t page = 0; page < 64; page++)
        if (page < 6 || page >= 16)
            CHECK(accept(slot + page * 4096, kPendingRw).rax == 0);
    auto* tcs = reinterpret_cast<sgx::Tcs*>(slot);
    auto* first = reinterpret_cast<const sgx::Tcs*>(sgx::slot_address(kBase, 0));
    tcs->ossa = slot + 4096;
    tcs->nssa = 3;
    tcs->oentry = first->oentry;
    tcs->ofs_base = tcs->ogs_base = slot + 0x4000;
    tcs->fs_limit = tcs->gs_limit = 0xffffffff;
    CHECK(call(boundary::kHostCreateThread, slot) == -22);
    CHECK(call(boundary::kHostMakeTcs, slot, 4096) == 0);
    CHECK(call(boundary::kHostCreateThread, slot) == -22);
    CHECK(accept(slot, 0x100 | 16).rax == 0);
}

void threads() {
    constexpr uint32_t kCount = 8;
    exit_words = reinterpret_cast<uint32_t*>(call(9, 0, 4096, 3, 0x22, ~0ull, 0));
    for (uint32_t round = 0; round < 20; round++) {
        threads_done = 0;
        for (uint32_t i = 1; i <= kCount; i++) {
            uint64_t slot = sgx::slot_address(kBase, i);
            if (round == 0)
                make_thread(slot);
            exit_words[i] = 1;
            CHECK(call(boundary::kHostCreateThread, slot) > 0);
            if (i == 1 && round == 0)
                CHECK(call(boundary::kHostCreateThread, sgx::slot_address(kBase, 0)) == -16);
        }
        for (uint32_t i = 1; i <= kCount; i++)
            while (*const_cast<volatile uint32_t*>(&exit_words[i]) != 0)
                call(202, reinterpret_cast<uint64_t>(&exit_words[i]), 0, 1);
        CHECK(threads_done == kCount);
    }
    finish(0);
}

[[noreturn]] void thread_main(uint64_t tcs) {
    uint32_t index = static_cast<uint32_t>((tcs - sgx::slot_address(kBase, 0)) / sgx::kSlotSize);
    if (orphan_mode) {
        // Signal 10 for the process, by the one thread that has it unread when it ends.
        auto* info = reinterpret_cast<uint32_t*>(data_area());
        memset(info, 0, 128);
        info[0] = 10;
        info[2] = ~0u;  // SI_QUEUE
        info[6] = 77;
        call(297, static_cast<uint64_t>(call(39)), static_cast<uint64_t>(call(186)), 10,
             reinterpret_cast<uint64_t>(info));
        call(boundary::kHostExitThread, reinterpret_cast<uint64_t>(&exit_words[index]));
    }
    uint64_t seen;
    resume_skip = 2;
    if (trap_with_known_registers(&seen) == 0 && seen == 4242 &&
        call(186) == static_cast<int64_t>(window()->host_thread_id))
        __atomic_add_fetch(&threads_done, 1, __ATOMIC_SEQ_CST);
    call(boundary::kHostExitThread, reinterpret_cast<uint64_t>(&exit_words[index]));
    __builtin_trap();
}

void clone() {
    static volatile uint64_t shared = 1;
    int64_t child = call(boundary::kHostCloneProcess);
    CHECK(child >= 0);
    uint64_t seen;
    resume_skip = 2;
    CHECK(trap_with_known_registers(&seen) == 0 && seen == 4242);
    if (child == 0) {
        CHECK(shared == 1 && call(186) == static_cast<int64_t>(window()->host_thread_id));
        shared = 2;
        int64_t grandchild = call(boundary::kHostCloneProcess);
        if (grandchild == 0)
            finish(6);
        auto* status = reinterpret_cast<uint32_t*>(data_area());
        CHECK(call(61, static_cast<uint64_t>(grandchild), reinterpret_cast<uint64_t>(status)) ==
                  grandchild &&
              *status == 6 << 8);
        finish(5);
    }
    auto* status = reinterpret_cast<uint32_t*>(data_area());
    CHECK(call(61, static_cast<uint64_t>(child), reinterpret_cast<uint64_t>(status)) == child);
    CHECK(*status == 5 << 8 && shared == 1);
    finish(0);
}

void die() {
    call(boundary::kHostDieBySignal, 15);
    finish(1);
}

void nested() {
    // An exception while an event is handled ends the process with a message.
    resume_skip = ~0ull;
    run_ud2();
    finish(1);
}

void resolve() {
    memcpy(data_area(), "localhost", 9);
    int64_t count = call(boundary::kHostResolveName, reinterpret_cast<uint64_t>(data_area()), 9);
    CHECK(count >= 1);
    const uint8_t* entry = data_area();
    CHECK(entry[0] == 2 || entry[0] == 10);
    CHECK(call(boundary::kHostResolveName, reinterpret_cast<uint64_t>(data_area()), 0) == -22);
    finish(0);
}

// Waits for a signal from outside and ends with its number.
void wait() {
    auto* time = reinterpret_cast<uint64_t*>(data_area());
    time[0] = 20;
    time[1] = 0;
    CHECK(call(35, reinterpret_cast<uint64_t>(time), 0, 0, 0, 0, 0,
               boundary::kCallFlagInterruptible) == -4);
    finish(static_cast<uint64_t>(window()->signals[0].number));
}

// The kernel reads for the host what lies in the enclave: refused while the range is locked.
void probe() {
    const char* secret = "inside";
    int64_t written = call(1, 2, reinterpret_cast<uint64_t>(secret), 6);
    finish(written == -14 ? 0 : 1);
}

// A thread that ends without having looked at a signal for the process leaves it to the others.
void orphan() {
    exit_words = reinterpret_cast<uint32_t*>(call(9, 0, 4096, 3, 0x22, ~0ull, 0));
    uint64_t slot = sgx::slot_address(kBase, 1);
    make_thread(slot);
    orphan_mode = 1;
    exit_words[1] = 1;
    CHECK(call(boundary::kHostCreateThread, slot) > 0);
    while (*const_cast<volatile uint32_t*>(&exit_words[1]) != 0)
        call(202, reinterpret_cast<uint64_t>(&exit_words[1]), 0, 1);
    boundary::HostWindow* w = window();
    CHECK(w->signal_write - w->signal_read == 1);
    CHECK(w->signals[0].number == 10 && w->signals[0].code == -1 && w->signals[0].value == 77);
    finish(0);
}

// No signal may wait while the program runs: each one that was queued has had its event, even when
// it came together with an exception.
void prompt() {
    uint64_t seen = 0;
    resume_skip = 2;
    CHECK(trap_with_known_registers(&seen) == 0);
    set_timer(100);
    uint64_t end = now_us() + 2000000;
    for (uint32_t round = 0; event.signals < 5000 && (round % 256 != 0 || now_us() < end);
         round++) {
        CHECK(trap_with_known_registers(&seen) == 0);
        uint32_t queued = __atomic_load_n(&window()->signal_write, __ATOMIC_ACQUIRE);
        CHECK(seen_write - queued < 0x80000000);
    }
    set_timer(0);
    CHECK(event.signals > 200);
    finish(0);
}

void bench() {
    constexpr uint64_t kRounds = 1000000, kTraps = 100000;
    uint64_t start = now_us();
    for (uint64_t i = 0; i < kRounds; i++)
        call(boundary::kFirstSpecial);  // no such call: only out and in again
    uint64_t exits = now_us();
    for (uint64_t i = 0; i < kRounds; i++)
        call(110);
    uint64_t calls = now_us();
    uint64_t seen;
    resume_skip = 2;
    for (uint64_t i = 0; i < kTraps; i++)
        trap_with_known_registers(&seen);
    uint64_t traps = now_us();
    uint64_t slot = kBase + sgx::kSlotsOffset + 0x4000;
    for (uint64_t i = 0; i < kRounds; i++)
        accept(slot, kAccepted);
    uint64_t accepts = now_us();
    uint64_t values[] = {(exits - start) * 1000 / kRounds, (calls - exits) * 1000 / kRounds,
                         (traps - calls) * 1000 / kTraps, (accepts - traps) * 1000 / kRounds};
    // Texts and no pointers to them: the image has no relocations.
    static constexpr char kNames[][20] = {"exit and enter", "host call getppid", "trapped syscall",
                                          "EACCEPT"};
    for (int i = 0; i < 4; i++) {
        write_out(kNames[i], length(kNames[i]));
        char digits[12] = ":       ns\n";
        uint64_t value = values[i];
        for (int at = 6; at > 1 && (value != 0 || at == 6); at--, value /= 10)
            digits[at] = char('0' + value % 10);
        write_out(digits, 11);
    }
    finish(0);
}

struct Exercise {
    char name[16];
    uint32_t number;
};
constexpr Exercise kExercises[] = {
    {"hello", 0},   {"report", 1},    {"pages", 2},    {"trap", 3},  {"exceptions", 4},
    {"storm", 5},   {"interrupt", 6}, {"threads", 7},  {"clone", 8}, {"die", 9},
    {"nested", 10}, {"bench", 11},    {"resolve", 12}, {"wait", 13}, {"probe", 14},
    {"orphan", 15}, {"prompt", 16},
};

// A switch and no table of pointers: the image has no relocations.
[[noreturn]] void run_exercise(uint32_t number) {
    switch (number) {
        case 0:
            hello();
            break;
        case 1:
            report();
            break;
        case 2:
            pages();
            break;
        case 3:
            trap();
            break;
        case 4:
            exceptions();
            break;
        case 5:
            storm();
            break;
        case 6:
            interrupt();
            break;
        case 7:
            threads();
            break;
        case 8:
            clone();
            break;
        case 9:
            die();
            break;
        case 10:
            nested();
            break;
        case 11:
            bench();
            break;
        case 12:
            resolve();
            break;
        case 13:
            wait();
            break;
        case 14:
            probe();
            break;
        case 15:
            orphan();
            break;
        case 16:
            prompt();
            break;
        default:
            break;
    }
    finish(99);
}

}  // namespace

extern "C" [[noreturn]] void enclave_main(uint64_t reason, uint64_t tcs, uint64_t launch) {
    if (reason == boundary::kEntryThreadStart)
        thread_main(tcs);
    auto* info = reinterpret_cast<const boundary::LaunchInfo*>(launch);
    auto* name = reinterpret_cast<const char*>(launch + info->string_offset);
    while (*name != 0)  // over argv[0]
        name++;
    name++;
    for (const Exercise& exercise : kExercises)
        if (equal(name, exercise.name))
            run_exercise(exercise.number);
    finish(98);
}

extern "C" void enclave_event(uint64_t tcs) {
    auto& gpr = *reinterpret_cast<sgx::SsaGpr*>(tcs + 2 * 4096 - sizeof(sgx::SsaGpr));
    auto& info = *reinterpret_cast<sgx::SsaExInfo*>(tcs + 2 * 4096 - sgx::kSsaExInfoOffsetFromEnd);
    event.count = event.count + 1;
    if (!(gpr.exit_info.valid & sgx::kExitInfoValid)) {
        // A real enclave lets signals wait while its own runtime is interrupted; so do we at times.
        if (event.count % 3 != 0)
            drain_signals();
        event.signals = event.signals + 1;
        seen_write = __atomic_load_n(&window()->signal_write, __ATOMIC_ACQUIRE);
        return;
    }
    if (resume_skip == ~0ull)
        __builtin_trap();
    event.exceptions = event.exceptions + 1;
    event.vector = gpr.exit_info.vector;
    event.type = gpr.exit_info.exit_type;
    event.rip = gpr.rip;
    event.address = info.maddr;
    event.error = info.error_code;
    // The host may report again before it resumes: an exception is handled once.
    gpr.exit_info.valid = 0;
    gpr.rip += resume_skip;
    gpr.rax = 4242;
}
