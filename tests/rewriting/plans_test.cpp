// What the runtime does with patch plans, outside of an enclave: the files that need nothing but a
// heap.
#include "runtime/trusted/libos/rewrite/plans.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "lib/base/endian.h"
#include "lib/x86/program_for_test.h"

namespace scone::enclave {

void* heap_allocate(size_t size) {
    return malloc(size);
}
void heap_free(void* memory) {
    free(memory);
}

}  // namespace scone::enclave

namespace scone::libos {
namespace {

constexpr uint64_t kFileSize = 4097;  // two pages
constexpr const char* kLoader = "/lib64/ld-linux-x86-64.so.2";

class Plans : public testing::Test {
  protected:
    void SetUp() override {
        program_ = x86::ProgramForTest::read(kLoader);
        HeapBytes plan = make_plan(program_.bytes);
        ASSERT_TRUE(plan);
        plan_.assign(plan.bytes().begin(), plan.bytes().end());
    }
    // The form of /opt/scone/plans with this plan `count` times.
    std::vector<uint8_t> container(uint32_t count = 1) const {
        std::vector<uint8_t> out = {'S', 'C', 'O', 'N', 'E', 'P', 'L', 'S', 2, 0, 0, 0, 0, 0, 0, 0};
        base::store_le32(&out[12], count);
        for (uint32_t i = 0; i < count; ++i) {
            std::vector<uint8_t> header(48);
            header[0] = static_cast<uint8_t>(i);
            base::store_le64(&header[32], kFileSize);
            base::store_le64(&header[40], plan_.size());
            out.insert(out.end(), header.begin(), header.end());
            out.insert(out.end(), plan_.begin(), plan_.end());
            out.insert(out.end(), 2 * aead::kSha256Size, static_cast<uint8_t>(0xA0 + i));
        }
        return out;
    }
    x86::CodeMapping code() {
        for (const x86::Segment& segment : program_.segments) {
            if (segment.use == x86::SegmentUse::Code)
                return {.address = 0x70000000,
                        .file_offset = segment.file_offset,
                        .bytes = base::MutableBytes(program_.bytes)
                                     .subspan(segment.file_offset, segment.bytes.size())};
        }
        return {};
    }

    x86::ProgramForTest program_;
    std::vector<uint8_t> plan_;
};

TEST_F(Plans, MadeInsideHoldEachSystemCallAndNoCpuid) {
    const auto plan = x86::PatchPlan::decode(plan_);
    ASSERT_TRUE(plan);
    EXPECT_GT(plan->site_count(), 40u);
    for (uint32_t i = 0; i < plan->site_count(); ++i)
        EXPECT_EQ(plan->site(i).kind, x86::SiteKind::Syscall);
}

TEST_F(Plans, AreNotMadeOfWhatIsNoProgram) {
    EXPECT_FALSE(make_plan({}));
    EXPECT_FALSE(make_plan(base::as_bytes("#!/bin/sh\n")));
    for (size_t size : {64u, 200u, 4096u})
        EXPECT_FALSE(make_plan(base::Bytes(program_.bytes).first(size))) << size;
}

TEST_F(Plans, OfTheMeasuredDigestAreFoundForTheirFileOnly) {
    const std::vector<uint8_t> bytes = container(2);
    PlanSet plans;
    ASSERT_TRUE(plans.accept(bytes, aead::sha256(bytes), aead::sha256_compress_portable));
    EXPECT_NE(plans.find(program_.bytes.size(), code()), nullptr);
    EXPECT_EQ(plans.find(program_.bytes.size() + 1, code()), nullptr);
    const auto plan = x86::PatchPlan::decode(plan_);
    ASSERT_TRUE(plan);
    program_.bytes[plan->site(7).file_offset] ^= 1;
    EXPECT_EQ(plans.find(program_.bytes.size(), code()), nullptr);
}

TEST_F(Plans, ComeWithTheDigestsOfThePages) {
    const std::vector<uint8_t> bytes = container(2);
    PlanSet plans;
    ASSERT_TRUE(plans.accept(bytes, aead::sha256(bytes), aead::sha256_compress_portable));
    std::vector<uint8_t> seen;
    plans.for_each_file([&](const aead::Digest& digest, uint64_t size, base::Bytes pages) {
        EXPECT_EQ(size, kFileSize);
        ASSERT_EQ(pages.size(), 2 * aead::kSha256Size);
        seen.push_back(digest[0]);
        seen.push_back(pages.front());
        seen.push_back(pages.back());
    });
    EXPECT_EQ(seen, (std::vector<uint8_t>{0, 0xA0, 0xA0, 1, 0xA1, 0xA1}));
}

TEST_F(Plans, OfAnotherDigestAreRefused) {
    const std::vector<uint8_t> bytes = container();
    aead::Digest digest = aead::sha256(bytes);
    digest[31] ^= 1;
    PlanSet plans;
    EXPECT_FALSE(plans.accept(bytes, digest, aead::sha256_compress_portable));
    EXPECT_FALSE(plans.accept({}, aead::sha256({}), aead::sha256_compress_portable));
    EXPECT_EQ(plans.find(program_.bytes.size(), code()), nullptr);
}

TEST_F(Plans, MalformedAreRefusedEvenWhenMeasured) {
    const std::vector<uint8_t> good = container();
    const auto refused = [](const std::vector<uint8_t>& bytes) {
        PlanSet plans;
        return !plans.accept(bytes, aead::sha256(bytes), aead::sha256_compress_portable);
    };
    EXPECT_FALSE(refused(good));
    for (size_t size : {size_t{1}, size_t{15}, size_t{16}, size_t{63}, size_t{64}, good.size() - 65,
                        good.size() - 33, good.size() - 1})
        EXPECT_TRUE(refused({good.begin(), good.begin() + static_cast<ptrdiff_t>(size)})) << size;
    for (size_t at : {0u, 8u, 12u, 49u, 55u, 56u, 63u, 64u, 72u}) {
        std::vector<uint8_t> changed = good;
        changed[at] ^= 0x80;
        EXPECT_TRUE(refused(changed)) << at;
    }
    std::vector<uint8_t> longer = good;
    longer.push_back(0);
    EXPECT_TRUE(refused(longer));
}

}  // namespace
}  // namespace scone::libos
