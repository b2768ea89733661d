// Rewritten code is executed: each class of site, against an entry of the test's own behind GS.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/x86/program_for_test.h"
#include "lib/x86/trampoline.h"

// The entry that trampolines reach through %gs:8. It stands for the runtime: the call's result is
// its number plus 1000, and it goes on at the continuation in RCX.
asm(R"(
    .text
    .globl scone_test_entry
scone_test_entry:
    incq %gs:16
    add $1000, %rax
    jmp *%rcx
    .globl scone_test_cpuid_entry
scone_test_cpuid_entry:
    incq %gs:16
    lea 7(%rax,%rcx), %eax
    jmp *%rdx
)");
extern "C" void scone_test_entry();
extern "C" void scone_test_cpuid_entry();

namespace scone::x86 {
namespace {

using Code = std::vector<uint8_t>;

struct GsBlock {
    uint64_t unused = 0;
    void (*entry)() = nullptr;
    uint64_t calls = 0;
};

uint64_t read_gs() {
    uint64_t base;
    asm volatile("rdgsbase %0" : "=r"(base));
    return base;
}
void write_gs(uint64_t base) {
    asm volatile("wrgsbase %0" : : "r"(base));
}

// Code in executable memory, rewritten as the runtime does it.
class RewrittenCode {
  public:
    explicit RewrittenCode(const Code& code) : snippet_(code) {
        memory_ = static_cast<uint8_t*>(mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE | PROT_EXEC,
                                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        base::copy_bytes({memory_, kPage}, snippet_.bytes);
        site_ = snippet_.site();
    }
    ~RewrittenCode() { munmap(memory_, 2 * kPage); }
    RewrittenCode(const RewrittenCode&) = delete;
    RewrittenCode& operator=(const RewrittenCode&) = delete;

    SiteClass rewrite() {
        const uint64_t bias = address(memory_) - snippet_.segment().address;
        uint8_t* slot = memory_ + kPage;
        uint8_t* start = memory_ + (site_.replaced_start() - snippet_.segment().address);
        const size_t size = site_.resume_address() - site_.replaced_start();
        base::ByteArray<kMaxMovedBefore + 24> jump;
        const auto written =
            write_slot(site_, bias, {start, size}, address(slot), Destination::gs_slot(8),
                       std::span<uint8_t, kSlotSize>(slot, kSlotSize));
        const auto jump_size = write_jump(site_, bias, address(slot), jump);
        if (!written || !jump_size)
            return SiteClass::Trap;
        base::copy_bytes({start, *jump_size}, base::Bytes(jump).first(*jump_size));
        return site_.site_class;
    }
    // Calls the code behind the lead; counts how often the entry was reached.
    uint64_t call(void (*entry)(), uint64_t& entries) {
        // SAFETY: the code ends in ret and keeps to the calling convention.
        auto* function = reinterpret_cast<uint64_t (*)(uint64_t)>(memory_ + SnippetForTest::kLead);
        GsBlock block{.entry = entry};
        const uint64_t saved = read_gs();
        write_gs(reinterpret_cast<uint64_t>(&block));
        const uint64_t result = function(5);
        write_gs(saved);
        entries = block.calls;
        return result;
    }

  private:
    static constexpr size_t kPage = 4096;
    static uint64_t address(const uint8_t* p) { return reinterpret_cast<uint64_t>(p); }

    SnippetForTest snippet_;
    uint8_t* memory_;
    Site site_;
};

void expect_runs(const Code& code, SiteClass site_class, uint64_t result,
                 void (*entry)() = scone_test_entry) {
    RewrittenCode rewritten(code);
    ASSERT_EQ(rewritten.rewrite(), site_class);
    uint64_t entries = 0;
    EXPECT_EQ(rewritten.call(entry, entries), result);
    EXPECT_EQ(entries, 1u);
}

TEST(Trampoline, RunsPrevious) {
    expect_runs({0xB8, 39, 0, 0, 0, 0x0F, 0x05, 0xC3}, SiteClass::Previous, 1039);
}

TEST(Trampoline, RunsPreviousWithRipRelativeOperand) {
    // mov 3(%rip),%rax reads the number behind the ret
    expect_runs({0x48, 0x8B, 0x05, 3, 0, 0, 0, 0x0F, 0x05, 0xC3, 42, 0, 0, 0, 0, 0, 0, 0},
                SiteClass::Previous, 1042);
}

TEST(Trampoline, RunsPreviousSeveral) {
    // mov %edi,%eax; add $2,%eax
    expect_runs({0x89, 0xF8, 0x83, 0xC0, 0x02, 0x0F, 0x05, 0xC3}, SiteClass::PreviousSeveral, 1007);
}

TEST(Trampoline, RunsMixed) {
    // clc; call +0 ; pop %rdx ; mov %rdi,%rax ; syscall ; ret
    expect_runs({0xE8, 0, 0, 0, 0, 0x5A, 0xEB, 0x00, 0x48, 0x89, 0xF8, 0x0F, 0x05, 0xC3},
                SiteClass::Mixed, 1005);
}

TEST(Trampoline, RunsNext) {
    // mov %edi,%eax; jmp +0; syscall; add $6,%rax; ret
    expect_runs({0x89, 0xF8, 0xEB, 0x00, 0x0F, 0x05, 0x48, 0x83, 0xC0, 0x06, 0xC3}, SiteClass::Next,
                1011);
}

TEST(Trampoline, RunsNextWithBranchThatGrows) {
    // mov %edi,%eax; jmp +0; syscall; test %eax,%eax; jne +1; ret; mov $9,%eax; ret
    expect_runs(
        {0x89, 0xF8, 0xEB, 0x00, 0x0F, 0x05, 0x85, 0xC0, 0x75, 0x01, 0xC3, 0xB8, 9, 0, 0, 0, 0xC3},
        SiteClass::Next, 9);
}

TEST(Trampoline, RunsNextThatReturns) {
    expect_runs({0x89, 0xF8, 0xEB, 0x00, 0x0F, 0x05, 0xC3, 0x0F, 0x1F, 0x00}, SiteClass::Next,
                1005);
}

TEST(Trampoline, RunsCpuidWithBothInputs) {
    // push %rbx; mov $4,%ecx; mov %edi,%eax; ... mov $3,%eax; cpuid; pop %rbx; ret
    expect_runs({0xB9, 4, 0, 0, 0, 0xB8, 3, 0, 0, 0, 0x0F, 0xA2, 0xC3}, SiteClass::Previous, 14,
                scone_test_cpuid_entry);
}

TEST(Trampoline, RefusesWhatIsOutOfReach) {
    const SnippetForTest snippet({0x48, 0x8B, 0x05, 3, 0, 0, 0, 0x0F, 0x05, 0xC3});
    const Site site = snippet.site();
    const base::Bytes original = base::Bytes(snippet.bytes).subspan(SnippetForTest::kLead, 9);
    base::ByteArray<kSlotSize> slot;
    EXPECT_EQ(
        write_slot(site, 0, original, uint64_t{1} << 33, Destination::gs_slot(8), slot).error(),
        TrampolineErrorCode::OutOfReach);
    base::ByteArray<kMaxMovedBefore + 24> jump;
    EXPECT_EQ(write_jump(site, 0, uint64_t{1} << 33, jump).error(),
              TrampolineErrorCode::OutOfReach);
    EXPECT_EQ(
        write_slot(site, 0, original.first(8), 0x500000, Destination::gs_slot(8), slot).error(),
        TrampolineErrorCode::NotMovable);
}

}  // namespace
}  // namespace scone::x86
