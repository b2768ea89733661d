#include "lib/x86/patch_plan.h"

#include <gtest/gtest.h>

#include "lib/base/endian.h"
#include "lib/x86/program_for_test.h"

namespace scone::x86 {
namespace {

struct Planned {
    ProgramForTest program;
    PlannedFile file;
    std::vector<Site> sites;
    std::vector<uint8_t> plan;

    Planned() : program(ProgramForTest::read("/lib64/ld-linux-x86-64.so.2")) {
        file.size = program.bytes.size();
        file.digest.fill(0xD1);
        sites = program.sites();
        plan.resize(plan_size(program.segments.size(), sites.size()));
        plan.resize(encode_plan(file, program.segments, sites, plan).value_or(0));
    }
};

TEST(PatchPlan, DecodesToTheSitesItWasMadeFrom) {
    const Planned planned;
    const auto plan = PatchPlan::decode(planned.plan);
    ASSERT_TRUE(plan) << plan.error().text;
    ASSERT_GT(plan->site_count(), 40u);
    ASSERT_EQ(plan->site_count(), planned.sites.size());
    for (uint32_t i = 0; i < plan->site_count(); ++i) {
        EXPECT_EQ(plan->site(i).address, planned.sites[i].address);
        EXPECT_EQ(plan->site(i).file_offset, planned.sites[i].file_offset);
        EXPECT_EQ(plan->site(i).kind, planned.sites[i].kind);
        EXPECT_EQ(plan->site(i).site_class, planned.sites[i].site_class);
        EXPECT_EQ(plan->site(i).moved_before, planned.sites[i].moved_before);
        EXPECT_EQ(plan->site(i).moved_after, planned.sites[i].moved_after);
        EXPECT_EQ(plan->site(i).jumped_to, planned.sites[i].jumped_to);
    }
    EXPECT_TRUE(plan->verify(planned.file, planned.program.bytes));
}

TEST(PatchPlan, FindsTheFirstSiteOfAMapping) {
    const Planned planned;
    const auto plan = PatchPlan::decode(planned.plan);
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->first_site_at(0), 0u);
    EXPECT_EQ(plan->first_site_at(plan->site(7).file_offset), 7u);
    EXPECT_EQ(plan->first_site_at(plan->site(7).file_offset + 1), 8u);
    EXPECT_EQ(plan->first_site_at(UINT64_MAX), plan->site_count());
}

TEST(PatchPlan, RefusesAnotherFile) {
    Planned planned;
    const auto plan = PatchPlan::decode(planned.plan);
    ASSERT_TRUE(plan);
    PlannedFile other = planned.file;
    other.digest[0] ^= 1;
    EXPECT_EQ(plan->check_file(other).error(), PlanErrorCode::OtherFile);
    other = planned.file;
    other.size += 1;
    EXPECT_EQ(plan->check_file(other).error(), PlanErrorCode::OtherFile);
}

TEST(PatchPlan, RefusesOtherBytesAtEachSite) {
    Planned planned;
    const auto plan = PatchPlan::decode(planned.plan);
    ASSERT_TRUE(plan);
    for (uint32_t i = 0; i < plan->site_count(); ++i) {
        const Site site = plan->site(i);
        for (size_t at = site.file_offset - site.moved_before;
             at < site.file_offset + kSiteSize + site.moved_after; ++at) {
            planned.program.bytes[at] ^= 0x40;
            EXPECT_EQ(plan->verify(planned.file, planned.program.bytes).error(),
                      PlanErrorCode::OtherBytes);
            planned.program.bytes[at] ^= 0x40;
        }
    }
}

TEST(PatchPlan, RefusesEachLengthButItsOwn) {
    const Planned planned;
    for (size_t size = 0; size < planned.plan.size(); ++size)
        EXPECT_FALSE(PatchPlan::decode(base::Bytes(planned.plan).first(size))) << size;
    std::vector<uint8_t> longer = planned.plan;
    longer.push_back(0);
    EXPECT_EQ(PatchPlan::decode(longer).error(), PlanErrorCode::Truncated);
}

TEST(PatchPlan, EachChangedByteIsRefusedOrStaysWithinTheFile) {
    Planned planned;
    for (size_t at = 0; at < planned.plan.size(); ++at) {
        for (uint8_t change : {0x01, 0x80, 0xFF}) {
            planned.plan[at] ^= change;
            const auto plan = PatchPlan::decode(planned.plan);
            if (plan) {
                const bool same_file = plan->file().size == planned.file.size;
                const auto verified = plan->verify(planned.file, planned.program.bytes);
                EXPECT_TRUE(!verified || same_file);
            }
            planned.plan[at] ^= change;
        }
    }
}

TEST(PatchPlan, RefusesFieldsThatContradictEachOther) {
    const Planned planned;
    const size_t first_site = kPlanHeaderSize + kPlanSegmentSize;
    const auto code_after = [&](size_t at, std::vector<uint8_t> bytes) {
        std::vector<uint8_t> plan = planned.plan;
        std::copy(bytes.begin(), bytes.end(), plan.begin() + static_cast<ptrdiff_t>(at));
        const auto decoded = PatchPlan::decode(plan);
        return decoded ? -1 : static_cast<int>(decoded.error().code);
    };
    const auto is = [](PlanErrorCode code) { return static_cast<int>(code); };
    EXPECT_EQ(code_after(0, {'X'}), is(PlanErrorCode::NotAPlan));
    EXPECT_EQ(code_after(8, {2}), is(PlanErrorCode::UnknownVersion));
    EXPECT_EQ(code_after(10, {0}), is(PlanErrorCode::TooLarge));
    EXPECT_EQ(code_after(10, {17}), is(PlanErrorCode::TooLarge));
    EXPECT_EQ(code_after(12, {0, 0, 0, 1}), is(PlanErrorCode::TooLarge));
    EXPECT_EQ(code_after(20, {1}), is(PlanErrorCode::TooLarge));
    EXPECT_EQ(code_after(56, {1}), is(PlanErrorCode::Malformed));
    EXPECT_EQ(code_after(kPlanHeaderSize, {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}),
              is(PlanErrorCode::Malformed));
    EXPECT_EQ(code_after(kPlanHeaderSize + 15, {0x80}), is(PlanErrorCode::Malformed));
    EXPECT_EQ(code_after(first_site, {0, 0, 0, 0}), is(PlanErrorCode::Malformed));
    EXPECT_EQ(code_after(first_site + 4, {0}), is(PlanErrorCode::Malformed));
    EXPECT_EQ(code_after(first_site + 4, {6}), is(PlanErrorCode::Malformed));
    EXPECT_EQ(code_after(first_site + 5, {60}), is(PlanErrorCode::Malformed));
    EXPECT_EQ(code_after(first_site + 7, {3}), is(PlanErrorCode::Malformed));
}

TEST(PatchPlan, EncoderRefusesTooLittleRoomAndFilesOfFourGigabytes) {
    Planned planned;
    base::MutableBytes room(planned.plan);
    EXPECT_EQ(encode_plan(planned.file, planned.program.segments, planned.sites,
                          room.first(room.size() - 1))
                  .error(),
              PlanErrorCode::TooLarge);
    planned.file.size = uint64_t{1} << 32;
    EXPECT_EQ(encode_plan(planned.file, planned.program.segments, planned.sites, room).error(),
              PlanErrorCode::TooLarge);
}

}  // namespace
}  // namespace scone::x86
