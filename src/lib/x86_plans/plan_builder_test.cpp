#include "lib/x86_plans/plan_builder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "lib/base/endian.h"

namespace scone::x86_plans {
namespace {

std::vector<uint8_t> read_file(const char* path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

TEST(PlanBuilder, PlansTheSitesOfTheCLibrary) {
    const std::vector<uint8_t> file = read_file("/lib/x86_64-linux-gnu/libc.so.6");
    const x86::FileDigest digest{7};
    const std::vector<uint8_t> bytes = make_plan(file, digest);
    const auto plan = x86::PatchPlan::decode(bytes);
    ASSERT_TRUE(plan);
    EXPECT_GT(plan->site_count(), 300u);
    EXPECT_TRUE(plan->verify({.size = file.size(), .digest = digest}, file));
}

TEST(PlanBuilder, AFileWithoutSitesHasAnEmptyPlan) {
    const std::vector<uint8_t> file = read_file("/bin/true");
    const auto plan = x86::PatchPlan::decode(make_plan(file, {}));
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->site_count(), 0u);
}

TEST(PlanBuilder, WhatIsNoProgramHasNoPlan) {
    EXPECT_TRUE(make_plan(base::as_bytes("#!/bin/sh"), {}).empty());
    EXPECT_TRUE(make_plan({}, {}).empty());
}

TEST(PlanBuilder, ASetHoldsPlansAndDigestsOfPages) {
    const std::vector<uint8_t> plan = make_plan(read_file("/bin/true"), {});
    const FilePlan both[] = {{{1}, 4097, plan, {{3}, {4}}}, {{2}, 1, {}, {{5}}}};
    const std::vector<uint8_t> set = make_plan_set(both);
    ASSERT_EQ(set.size(), 16 + 48 + plan.size() + 64 + 48 + 32);
    EXPECT_EQ(base::load_le32(&set[12]), 2u);
    EXPECT_EQ(set[16], 1);
    EXPECT_EQ(base::load_le64(&set[16 + 32]), 4097u);
    EXPECT_EQ(set[16 + 48 + plan.size()], 3);
    EXPECT_EQ(set[16 + 48 + plan.size() + 64], 2);
}

}  // namespace
}  // namespace scone::x86_plans
