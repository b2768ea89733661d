// SIGSTRUCTs of real signers, and broken copies of them.
#include "lib/sgx/sigstruct.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "lib/base/hex.h"
#include "lib/sgx/attributes.h"
#include "lib/sgx/vectors_for_test.h"
#include "lib/sgx/wide_integer.h"

namespace scone::sgx {
namespace {

std::string hex(base::Bytes bytes) {
    std::string text(bytes.size() * 2, ' ');
    base::hex_encode(bytes, text);
    return text;
}

// All published SIGSTRUCTs: their path without the ending.
std::vector<std::string> published(const std::string& root) {
    std::vector<std::string> all;
    for (std::string folder : {"/sigstruct", "/sgxs"})
        for (const std::string& name : files_with_ending(root + folder, ".sigstruct"))
            all.push_back(root + folder + "/" + name);
    return all;
}

TEST(Sigstruct, PublishedOnesVerify) {
    VECTORS_OR_SKIP(root, "");
    std::vector<std::string> names = published(root);
    EXPECT_GE(names.size(), 6u);
    for (const std::string& name : names) {
        auto verified = verify_sigstruct(read_test_file(name + ".sigstruct"));
        ASSERT_TRUE(verified) << name << ": " << verified.error().text;
        EXPECT_EQ(hex(verified->mr_signer()), expected_text(name, "mrsigner")) << name;
        EXPECT_EQ(hex(verified->mr_enclave()), expected_text(name, "mrenclave")) << name;

        const Sigstruct& s = verified->fields();
        RsaNumber q1, q2;
        ASSERT_TRUE(compute_q1_q2(s.modulus, s.signature, q1, q2));
        EXPECT_EQ(q1, s.q1) << name;
        EXPECT_EQ(q2, s.q2) << name;
    }
}

TEST(Sigstruct, EveryChangedByteIsRefused) {
    VECTORS_OR_SKIP(root, "");
    std::vector<uint8_t> bytes = read_test_file(root + "/sigstruct/intel-le-prod.sigstruct");
    for (size_t at = 0; at < bytes.size(); ++at) {
        bytes[at] ^= 0x40;
        auto verified = verify_sigstruct(bytes);
        EXPECT_FALSE(verified) << at;
        bytes[at] ^= 0x40;
    }
    EXPECT_TRUE(verify_sigstruct(bytes));
    bytes.push_back(0);
    EXPECT_EQ(verify_sigstruct(bytes).error(), ErrorCode::Truncated);
    bytes.resize(1807);
    EXPECT_EQ(verify_sigstruct(bytes).error(), ErrorCode::Truncated);
}

TEST(Sigstruct, NumbersOutOfRangeAreRefused) {
    VECTORS_OR_SKIP(root, "");
    std::vector<uint8_t> bytes = read_test_file(root + "/sigstruct/intel-le-prod.sigstruct");
    auto with = [&](auto change) {
        Sigstruct s;
        std::memcpy(&s, bytes.data(), sizeof s);
        change(s);
        std::vector<uint8_t> copy(sizeof s);
        std::memcpy(copy.data(), &s, sizeof s);
        auto verified = verify_sigstruct(copy);
        return verified ? ErrorCode::BadMac : verified.error().code;
    };
    EXPECT_EQ(with([](Sigstruct& s) { s.exponent = 65537; }), ErrorCode::Malformed);
    EXPECT_EQ(with([](Sigstruct& s) { s.vendor = 1; }), ErrorCode::Malformed);
    EXPECT_EQ(with([](Sigstruct& s) { s.signature.fill(0xFF); }), ErrorCode::BadSignature);
    EXPECT_EQ(with([](Sigstruct& s) { s.signature = s.modulus; }), ErrorCode::BadSignature);
    EXPECT_EQ(with([](Sigstruct& s) { s.modulus.fill(0); }), ErrorCode::BadSignature);
    EXPECT_EQ(with([](Sigstruct& s) { s.q1.fill(0xFF); }), ErrorCode::BadSignature);
    EXPECT_EQ(with([](Sigstruct& s) { s.q2.fill(0); }), ErrorCode::BadSignature);
    // The forgery with S = 0, and S = 1: 0 and 1 are their own cubes.
    EXPECT_EQ(with([](Sigstruct& s) {
                  s.signature.fill(0);
                  s.q1.fill(0);
                  s.q2.fill(0);
              }),
              ErrorCode::BadSignature);
}

TEST(Sigstruct, EinitComparesWithTheSecs) {
    VECTORS_OR_SKIP(root, "");
    auto verified = verify_sigstruct(read_test_file(root + "/sgxs/syn-minimal.sigstruct"));
    ASSERT_TRUE(verified);
    Secs secs{};
    secs.size = 16384;
    secs.attributes = {.flags = kAttributeMODE64BIT, .xfrm = 3};
    const Measurement256& right = verified->mr_enclave();
    EXPECT_TRUE(check_einit(*verified, secs, right));

    Measurement256 wrong = right;
    wrong[31] ^= 1;
    EXPECT_EQ(check_einit(*verified, secs, wrong).error(), ErrorCode::Mismatch);
    auto error = [&](auto change) {
        Secs changed = secs;
        change(changed);
        auto checked = check_einit(*verified, changed, right);
        return checked ? ErrorCode::BadMac : checked.error().code;
    };
    // The mask of this one leaves DEBUG and XFRM bit 2 free.
    EXPECT_TRUE(check_einit(*verified, secs, right));
    EXPECT_EQ(error([](Secs& s) { s.attributes.flags |= kAttributeDEBUG; }), ErrorCode::BadMac);
    EXPECT_EQ(error([](Secs& s) { s.attributes.xfrm = 7; }), ErrorCode::BadMac);
    EXPECT_EQ(error([](Secs& s) { s.attributes.xfrm = 0xE7; }), ErrorCode::Mismatch);
    EXPECT_EQ(error([](Secs& s) { s.attributes.flags |= kAttributeKSS; }), ErrorCode::Mismatch);
    EXPECT_EQ(error([](Secs& s) { s.misc_select = 1; }), ErrorCode::Mismatch);
    EXPECT_EQ(error([](Secs& s) { s.config_svn = 1; }), ErrorCode::NotPermitted);
    EXPECT_EQ(error([](Secs& s) { s.config_id[0] = 1; }), ErrorCode::NotPermitted);
}

TEST(Sigstruct, LaunchAndProvisioningKeysAreNotGiven) {
    VECTORS_OR_SKIP(root, "");
    auto verified = verify_sigstruct(read_test_file(root + "/sigstruct/intel-le-prod.sigstruct"));
    ASSERT_TRUE(verified);
    Secs secs{};
    secs.attributes = {.flags = kAttributeMODE64BIT | kAttributeEINITTOKEN_KEY, .xfrm = 3};
    EXPECT_EQ(check_einit(*verified, secs, verified->mr_enclave()).error(),
              ErrorCode::NotPermitted);
}

TEST(WideInteger, DividesBackWhatItMultiplied) {
    Wide a, n;
    uint64_t state = 88172645463325252;
    auto next = [&] {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return state;
    };
    for (int round = 0; round < 20; ++round) {
        for (size_t i = 0; i < kRsaLimbs; ++i) {
            a.limb[i] = round == 0 ? ~uint64_t{0} : next();
            n.limb[i] = round == 0 ? ~uint64_t{0} : next();
        }
        n.limb[kRsaLimbs - 1] |= uint64_t{1} << 63;
        Wide quotient, remainder, difference;
        ASSERT_TRUE(divide(multiply(a, n), n, quotient, remainder));
        EXPECT_EQ(std::memcmp(&quotient, &a, sizeof a), 0);
        EXPECT_TRUE(less(remainder, n));
        ASSERT_TRUE(subtract_to_wide(multiply(a, n), multiply(quotient, n), difference));
        EXPECT_EQ(std::memcmp(&difference, &remainder, sizeof a), 0);
    }
    DoubleWide huge;
    std::memset(&huge, 0xFF, sizeof huge);
    Wide quotient, remainder;
    EXPECT_FALSE(divide(huge, n, quotient, remainder));
    EXPECT_FALSE(subtract_to_wide(DoubleWide{}, huge, remainder));
    EXPECT_FALSE(subtract_to_wide(huge, DoubleWide{}, remainder));
}

}  // namespace
}  // namespace scone::sgx
