#include "lib/x86/rewritten_code.h"

#include <gtest/gtest.h>

#include "lib/x86/program_for_test.h"

namespace scone::x86 {
namespace {

// libc's code as if mapped at some address, rewritten.
class Rewritten : public testing::Test {
  protected:
    static constexpr uint64_t kBias = 0x7000'0000;
    static constexpr uint64_t kPool = kBias - 0x100'0000;

    void SetUp() override {
        program_ = ProgramForTest::read("/lib/x86_64-linux-gnu/libc.so.6");
        const std::vector<Site> sites = program_.sites();
        const PlannedFile file{.size = program_.bytes.size()};
        plan_bytes_.resize(plan_size(program_.segments.size(), sites.size()));
        plan_bytes_.resize(encode_plan(file, program_.segments, sites, plan_bytes_).value_or(0));
        for (const Segment& segment : program_.segments) {
            if (segment.use == SegmentUse::Code)
                code_ = segment;
        }
        memory_.assign(code_.bytes.begin(), code_.bytes.end());
    }
    PatchPlan plan() const { return *PatchPlan::decode(plan_bytes_); }
    RewrittenCode apply(uint64_t skip = 0) {
        pool_.assign(pool_size(plan(), code_.file_offset + skip, memory_.size() - skip), 0);
        return RewrittenCode::apply(plan(),
                                    {.address = code_.address + kBias + skip,
                                     .file_offset = code_.file_offset + skip,
                                     .bytes = base::MutableBytes(memory_).subspan(skip)},
                                    {.address = kPool, .bytes = pool_}, {.syscall = 64});
    }

    ProgramForTest program_;
    Segment code_;
    std::vector<uint8_t> plan_bytes_;
    std::vector<uint8_t> memory_;
    std::vector<uint8_t> pool_;
};

TEST_F(Rewritten, LeadsEachSiteToItsSlotAndChangesNothingElse) {
    const RewrittenCode code = apply();
    EXPECT_GT(code.rewritten_count(), 500u);
    EXPECT_EQ(code.rewritten_count() + code.left_count(), plan().site_count());
    std::vector<uint8_t> expected(code_.bytes.begin(), code_.bytes.end());
    for (uint32_t i = 0; i < plan().site_count(); ++i) {
        const Site site = plan().site(i);
        if (site.site_class == SiteClass::Trap)
            continue;
        const size_t start = site.replaced_start() - code_.address;
        const Instruction jump = decode(base::Bytes(memory_).subspan(start));
        EXPECT_EQ(jump.kind, InstructionKind::Jump);
        EXPECT_EQ((jump.branch_target(site.replaced_start() + kBias) - kPool) % kSlotSize, 0u);
        std::copy_n(memory_.begin() + static_cast<ptrdiff_t>(start), site.replaced_size(),
                    expected.begin() + static_cast<ptrdiff_t>(start));
    }
    EXPECT_EQ(memory_, expected);
}

TEST_F(Rewritten, MapsEachAddressOfASlotBackAndForth) {
    const RewrittenCode code = apply();
    for (uint64_t at = kPool; at < kPool + pool_.size(); ++at) {
        const auto program = code.program_address(at);
        ASSERT_TRUE(program);
        EXPECT_GE(*program, code.code_start());
        EXPECT_LE(*program, code.code_end());
        if (const auto execution = code.execution_address(*program)) {
            EXPECT_EQ(code.program_address(*execution), *program);
        }
    }
    EXPECT_FALSE(code.program_address(kPool - 1));
    EXPECT_FALSE(code.program_address(kPool + pool_.size()));
    EXPECT_FALSE(code.execution_address(code.code_start()));
    EXPECT_FALSE(code.execution_address(code.code_end()));
}

TEST_F(Rewritten, RepeatingACallGoesThroughTheSlotWhereTheSiteIsGone) {
    const RewrittenCode code = apply();
    for (uint32_t i = 0; i < plan().site_count(); ++i) {
        const Site site = plan().site(i);
        if (site.site_class == SiteClass::Trap)
            continue;
        const auto again = code.execution_address(site.address + kBias);
        if (site.keeps_site() || site.moved_before == 0) {
            EXPECT_FALSE(again);
        } else {
            ASSERT_TRUE(again);
            EXPECT_EQ((*again - kPool) % kSlotSize, site.moved_before);
        }
    }
}

TEST_F(Rewritten, LeavesSitesWithOtherBytesAlone) {
    const Site site = plan().site(3);
    memory_[site.address - code_.address - 1] ^= 0x10;
    const std::vector<uint8_t> before(
        memory_.begin() + static_cast<ptrdiff_t>(site.replaced_start() - code_.address),
        memory_.begin() + static_cast<ptrdiff_t>(site.resume_address() - code_.address));
    const RewrittenCode code = apply();
    EXPECT_EQ(code.left_count(), 1u);
    EXPECT_TRUE(std::equal(
        before.begin(), before.end(),
        memory_.begin() + static_cast<ptrdiff_t>(site.replaced_start() - code_.address)));
}

TEST_F(Rewritten, PlanDescribesItsOwnCodeOnly) {
    const CodeMapping mapping{
        .address = code_.address + kBias, .file_offset = code_.file_offset, .bytes = memory_};
    EXPECT_TRUE(describes(plan(), mapping));
    memory_[plan().site(9).address - code_.address + 1] ^= 1;
    EXPECT_FALSE(describes(plan(), mapping));
    const CodeMapping elsewhere{
        .address = kBias, .file_offset = 0, .bytes = mapping.bytes.first(64)};
    EXPECT_FALSE(describes(plan(), elsewhere));
}

TEST_F(Rewritten, TakesAMappingThatStartsInsideASite) {
    const Site site = plan().site(5);
    const RewrittenCode code = apply(site.address - code_.address);
    EXPECT_EQ(code.rewritten_count() + code.left_count(), plan().site_count() - 5);
    EXPECT_GE(code.left_count(), 1u);
}

TEST_F(Rewritten, LeavesWhatThePoolHasNoRoomFor) {
    std::vector<uint8_t> pool(2 * kSlotSize);
    const RewrittenCode code = RewrittenCode::apply(
        plan(),
        {.address = code_.address + kBias, .file_offset = code_.file_offset, .bytes = memory_},
        {.address = kPool, .bytes = pool}, {.syscall = 64});
    EXPECT_EQ(code.rewritten_count(), 2u);
    EXPECT_EQ(code.left_count(), plan().site_count() - 2);
}

}  // namespace
}  // namespace scone::x86
