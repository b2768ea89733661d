#include "lib/x86/syscall_sites.h"

#include <gtest/gtest.h>

#include "lib/x86/program_for_test.h"

namespace scone::x86 {
namespace {

using Code = std::vector<uint8_t>;

Code operator+(Code a, const Code& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

const Code kSyscall = {0x0F, 0x05};
const Code kMovEax = {0xB8, 1, 0, 0, 0};
const Code kStop = {0xE8, 0, 0, 0, 0};  // a call never moves
const Code kCompare = {0x48, 0x3D, 0, 0xF0, 0xFF, 0xFF};
const Code kShort3 = {0x48, 0x89, 0xC7};  // mov %rax,%rdi
const Code kShort2 = {0x89, 0xC7};

TEST(SyscallSites, OneLongInstructionBeforeIsEnough) {
    const Site site = SnippetForTest(kStop + kMovEax + kSyscall).site();
    EXPECT_EQ(site.site_class, SiteClass::Previous);
    EXPECT_EQ(site.moved_before, 5);
    EXPECT_EQ(site.replaced_size(), 5u);
    EXPECT_EQ(site.resume_address(), site.address + 2);
    EXPECT_EQ(site.file_offset - 0x1000, site.address - 0x401000);
}

TEST(SyscallSites, SeveralShortInstructionsBeforeTogether) {
    const Site site = SnippetForTest(kStop + kShort3 + kShort2 + kSyscall).site();
    EXPECT_EQ(site.site_class, SiteClass::PreviousSeveral);
    EXPECT_EQ(site.moved_before, 5);
}

TEST(SyscallSites, OneShortInstructionAndTheSiteItself) {
    const Site site = SnippetForTest(kStop + kShort3 + kSyscall + kStop).site();
    EXPECT_EQ(site.site_class, SiteClass::Mixed);
    EXPECT_EQ(site.moved_before, 3);
    EXPECT_EQ(site.replaced_size(), 5u);
}

TEST(SyscallSites, WhatFollowsWhereNothingBeforeCanMove) {
    const Site site = SnippetForTest(kStop + kSyscall + kCompare).site();
    EXPECT_EQ(site.site_class, SiteClass::Next);
    EXPECT_EQ(site.moved_after, 6);
    EXPECT_EQ(site.replaced_size(), 8u);
}

TEST(SyscallSites, TrapsBetweenInstructionsThatCannotMove) {
    const Site site = SnippetForTest(kStop + kSyscall + kStop).site();
    EXPECT_NE(site.address, 0u);
    EXPECT_EQ(site.site_class, SiteClass::Trap);
    EXPECT_EQ(site.replaced_size(), 2u);
}

TEST(SyscallSites, ReturnAndPaddingBehindMoveTogether) {
    EXPECT_EQ(SnippetForTest(kStop + kSyscall + Code{0xC3, 0x0F, 0x1F, 0x00}).site().site_class,
              SiteClass::Next);
    // Code behind a return belongs to somebody else.
    EXPECT_EQ(SnippetForTest(kStop + kSyscall + Code{0xC3} + kShort3).site().site_class,
              SiteClass::Trap);
}

TEST(SyscallSites, ShortJumpBehindMovesOnlyAsTheLast) {
    const Code compare_and_jump = {0x85, 0xC0, 0x74, 0x05};
    EXPECT_EQ(SnippetForTest(kStop + kSyscall + compare_and_jump).site().site_class,
              SiteClass::Next);
    const Code jump_first = {0x74, 0x05, 0x85, 0xC0};
    EXPECT_EQ(SnippetForTest(kStop + kSyscall + jump_first).site().site_class, SiteClass::Trap);
}

TEST(SyscallSites, BranchIntoReplacedBytesForbidsThem) {
    // jmp to the second of two short instructions
    const Code jump = {0xEB, 0x03};
    const Site several = SnippetForTest(kStop + jump + kShort3 + kShort2 + kSyscall + kStop).site();
    EXPECT_EQ(several.site_class, SiteClass::Trap);
    // jmp to the instruction behind the site
    const Code over = {0xEB, 0x02};
    EXPECT_EQ(SnippetForTest(kStop + over + kSyscall + kCompare).site().site_class,
              SiteClass::Trap);
    // jmp to the start of what moves is as good as falling into it
    const Code to_start = {0xEB, 0x00};
    EXPECT_EQ(SnippetForTest(to_start + kMovEax + kSyscall).site().site_class, SiteClass::Previous);
}

TEST(SyscallSites, BranchToTheSiteItselfIsNotedAndLeavesItInPlace) {
    const Code jump = {0xEB, 0x05};
    const Site site = SnippetForTest(kStop + jump + kMovEax + kSyscall).site();
    EXPECT_EQ(site.site_class, SiteClass::Previous);
    EXPECT_TRUE(site.jumped_to);
    EXPECT_FALSE(SnippetForTest(kStop + kMovEax + kSyscall).site().jumped_to);
}

TEST(SyscallSites, JumpTableEntryForbidsReplacedBytes) {
    const SnippetForTest snippet(kStop + kShort3 + kShort2 + kSyscall + kStop);
    const uint64_t second = 0x401000 + SnippetForTest::kLead + 8;
    // A table of addresses, as fixed-address programs and relocation addends have it.
    std::vector<uint8_t> table(16);
    std::memcpy(&table[8], &second, 8);
    const Segment segments[] = {snippet.segment(),
                                {.file_offset = 0x3000, .address = 0x403000, .bytes = table}};
    std::vector<uint8_t> scratch(scratch_size(segments));
    Site site[4];
    ASSERT_EQ(find_sites(segments, WantedSites::Syscall, scratch, site), 1u);
    EXPECT_EQ(site[0].site_class, SiteClass::Trap);
}

TEST(SyscallSites, TableOfDifferencesForbidsReplacedBytes) {
    const uint64_t lea_end = 0x401000 + SnippetForTest::kLead + 7;
    Code lea = {0x48, 0x8D, 0x15, 0, 0, 0, 0};
    const auto displacement = static_cast<int32_t>(0x403000 - lea_end);
    std::memcpy(&lea[3], &displacement, 4);
    const SnippetForTest snippet(lea + kStop + kShort3 + kShort2 + kSyscall + kStop);
    const auto second = static_cast<int32_t>(lea_end + 8 - 0x403000);
    std::vector<uint8_t> table(8);
    std::memcpy(table.data(), &second, 4);
    const Segment segments[] = {snippet.segment(),
                                {.file_offset = 0x3000, .address = 0x403000, .bytes = table}};
    std::vector<uint8_t> scratch(scratch_size(segments));
    Site site[4];
    ASSERT_EQ(find_sites(segments, WantedSites::Syscall, scratch, site), 1u);
    EXPECT_EQ(site[0].site_class, SiteClass::Trap);
}

TEST(SyscallSites, BytesInsideOtherInstructionsAreNoSite) {
    const Code constant = {0xB8, 0x0F, 0x05, 0, 0};  // mov $0x50f,%eax
    EXPECT_EQ(SnippetForTest(kStop + constant + kMovEax).site().address, 0u);
}

TEST(SyscallSites, NeighboursOfTwoSitesAreNotMovedTwice) {
    const SnippetForTest snippet(kStop + kSyscall + kCompare + kSyscall + kStop);
    const Segment segments[] = {snippet.segment()};
    std::vector<uint8_t> scratch(scratch_size(segments));
    Site site[4];
    ASSERT_EQ(find_sites(segments, WantedSites::Syscall, scratch, site), 2u);
    EXPECT_EQ(site[0].site_class, SiteClass::Next);
    EXPECT_EQ(site[1].site_class, SiteClass::Trap);
}

TEST(SyscallSites, CpuidOnlyWhereWanted) {
    const Code cpuid = {0x0F, 0xA2};
    const SnippetForTest snippet(kStop + kMovEax + cpuid);
    EXPECT_EQ(snippet.site().kind, SiteKind::Cpuid);
    const Segment segments[] = {snippet.segment()};
    std::vector<uint8_t> scratch(scratch_size(segments));
    Site site[4];
    EXPECT_EQ(find_sites(segments, WantedSites::Syscall, scratch, site), 0u);
}

TEST(SyscallSites, RefusesTooLittleRoom) {
    const SnippetForTest snippet(kStop + kMovEax + kSyscall);
    const Segment segments[] = {snippet.segment()};
    std::vector<uint8_t> scratch(scratch_size(segments));
    EXPECT_EQ(find_sites(segments, WantedSites::Syscall, scratch, {}).error(),
              SiteErrorCode::TooManySites);
    Site site[4];
    EXPECT_EQ(find_sites(segments, WantedSites::Syscall, base::MutableBytes(scratch).first(3), site)
                  .error(),
              SiteErrorCode::ScratchTooSmall);
    const Segment twice[] = {snippet.segment(), snippet.segment()};
    EXPECT_EQ(find_sites(twice, WantedSites::Syscall, scratch, site).error(),
              SiteErrorCode::BadSegment);
}

}  // namespace
}  // namespace scone::x86
