#include "runtime/trusted/libos/loader/initial_stack.h"

#include "lib/base/checked.h"
#include "runtime/trusted/enclave/leaf_unsafe.h"
#include "runtime/trusted/libos/loader/vdso.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/rewrite/hook.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using base::round_down;

constexpr uint64_t kMinimumStack = 256 << 10;
constexpr uint64_t kDefaultStack = 8 << 20;
constexpr uint64_t kStackGuard = 1 << 20;
uint64_t stack_size = kDefaultStack;

// CPUID.1:EDX of every x86-64 processor that has SGX; a hint for libraries, not a decision.
constexpr uint64_t kHwcap = 0xbfebfbff, kHwcap2 = 2;

// Writes downwards from the top of the stack; the first error sticks.
class Pusher {
  public:
    explicit Pusher(uint64_t top) : at_(top) {}
    uint64_t push(const void* from, uint64_t size) {
        at_ -= size;
        if (result_)
            result_ = copy_to_program(at_, from, size);
        return at_;
    }
    uint64_t push_text(std::string_view text) {
        char zero = 0;
        push(&zero, 1);
        return push(text.data(), text.size());
    }
    void align(uint64_t unit) { at_ = round_down(at_, unit); }
    uint64_t at() const { return at_; }
    Result<void> result() const { return result_; }

  private:
    uint64_t at_;
    Result<void> result_{};
};

Result<void> add_addresses(Vector<uint64_t>& words, const StringList& strings, uint64_t base) {
    Result<void> result{};
    uint64_t at = base;
    strings.for_each([&](std::string_view text) {
        if (!words.push(at))
            result = error(kENOMEM);
        at += text.size() + 1;
    });
    if (!words.push(0))
        result = error(kENOMEM);
    return result;
}

}  // namespace

void set_stack_size(uint64_t size) {
    stack_size = size < kMinimumStack ? kMinimumStack : size;
}

Result<void> make_initial_stack(Process& process, Program& program, const StartImage& image,
                                const StringList& arguments, const StringList& environment,
                                enclave::Registers& frame) {
    uint64_t size = stack_size;
    uint64_t needed = arguments.bytes().size() + environment.bytes().size() + kMinimumStack;
    if (size < needed)
        size = base::round_up(needed, enclave::kPageSize);
    // Nothing comes to lie right below: an overflow is a fault.
    uint64_t guard = SCONE_TRY(
        process.memory->map(0, kStackGuard + size, 0, kMAP_PRIVATE | kMAP_ANONYMOUS, {}, 0));
    uint64_t bottom = SCONE_TRY(
        process.memory->map(guard + kStackGuard, size, kPROT_READ | kPROT_WRITE,
                            kMAP_PRIVATE | kMAP_ANONYMOUS | kMAP_FIXED, {}, 0, Use::Stack));
    Pusher stack(bottom + size - 16);
    uint64_t path = stack.push_text(program.name.view());
    uint64_t platform = stack.push_text("x86_64");
    uint8_t seed[16];
    enclave::fill_random(seed, sizeof seed);
    uint64_t random = stack.push(seed, sizeof seed);
    uint64_t environment_at = stack.push(environment.bytes().data(), environment.bytes().size());
    uint64_t arguments_at = stack.push(arguments.bytes().data(), arguments.bytes().size());
    process.environment_start = environment_at;
    process.environment_end = environment_at + environment.bytes().size();
    process.arguments_start = arguments_at;
    process.arguments_end = arguments_at + arguments.bytes().size();

    Vector<uint64_t> words;
    bool room = words.push(arguments.count());
    SCONE_TRY(add_addresses(words, arguments, arguments_at));
    SCONE_TRY(add_addresses(words, environment, environment_at));
    const Credentials& id = process.credentials;
    // Where every system call is to trap, the time is one.
    const bool has_vdso = rewriting() != Rewriting::Off;
    const uint64_t vdso = has_vdso ? SCONE_TRY(map_vdso(*process.memory)) : 0;
    const uint64_t vdso_key = has_vdso ? kAT_SYSINFO_EHDR : kAT_IGNORE;
    const uint64_t auxiliary[][2] = {{vdso_key, vdso},    {kAT_PHDR, image.table},
                                     {kAT_PHENT, 56},     {kAT_PHNUM, image.table_count},
                                     {kAT_PAGESZ, 4096},  {kAT_BASE, image.interpreter_base},
                                     {kAT_FLAGS, 0},      {kAT_ENTRY, image.entry},
                                     {kAT_UID, id.user},  {kAT_EUID, id.effective_user},
                                     {kAT_GID, id.group}, {kAT_EGID, id.effective_group},
                                     {kAT_SECURE, 0},     {kAT_RANDOM, random},
                                     {kAT_HWCAP, kHwcap}, {kAT_HWCAP2, kHwcap2},
                                     {kAT_CLKTCK, 100},   {kAT_PLATFORM, platform},
                                     {kAT_EXECFN, path},  {kAT_MINSIGSTKSZ, 3632},
                                     {kAT_NULL, 0}};
    for (const auto& [key, value] : auxiliary)
        room = room && words.push(key) && words.push(value);
    if (!room)
        return error(kENOMEM);
    stack.align(16);
    if (words.size() % 2 != 0) {
        uint64_t padding = 0;
        stack.push(&padding, 8);
    }
    uint64_t top = stack.push(words.data(), words.size() * 8);
    SCONE_TRY(stack.result());
    process.stack_start = top;
    process.auxiliary_end = top + words.size() * 8;
    process.auxiliary_start = process.auxiliary_end - sizeof auxiliary;
    frame = {};
    frame.rsp = top;
    frame.rip = image.first_instruction;
    frame.rflags = 0x202;
    frame.orig_rax = ~0ull;
    return {};
}

}  // namespace scone::libos
