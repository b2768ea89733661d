// EREPORT and EGETKEY of the simulated processor.
#include "lib/sgx/report.h"

#include <gtest/gtest.h>

#include "lib/sgx/attributes.h"

namespace scone::sgx {
namespace {

struct Processor {
    FuseKey fuse;
    SimulatedProcessor value;

    explicit Processor(uint8_t seed)
        : fuse([&] {
              base::ByteArray<16> bytes;
              bytes.fill(seed);
              return FuseKey(std::span<const uint8_t, 16>(bytes));
          }()),
          value{fuse, {}, {}} {
        value.cpu_svn.fill(5);
    }
};

EnclaveIdentity enclave(uint8_t seed) {
    EnclaveIdentity identity;
    identity.attributes = {.flags = kAttributeINIT | kAttributeMODE64BIT, .xfrm = 3};
    identity.misc_select = 1;
    identity.mr_enclave.fill(seed);
    identity.mr_signer.fill(0x77);
    identity.isv_prod_id = 2;
    identity.isv_svn = 3;
    return identity;
}

KeyRequest report_request(const Report& report) {
    KeyRequest request{};
    request.key_name = kKeyREPORT;
    request.key_id = report.key_id;
    return request;
}

class ReportTest : public testing::Test {
  protected:
    Processor processor{1};
    EnclaveIdentity sender = enclave(0xA0), receiver = enclave(0xB0);
    base::ByteArray<64> data{9, 8, 7};
    base::ByteArray<32> key_id{4};
    Report report = *make_report(processor.value, sender, target_info_of(receiver), data, key_id);

    bool verifies_for(const Processor& where, const EnclaveIdentity& who, const Report& what) {
        auto key = get_key(where.value, who, report_request(what));
        return key && verify_report(what, key->expose()).has_value();
    }
};

TEST_F(ReportTest, TheTargetVerifiesAndSeesTheSender) {
    auto key = get_key(processor.value, receiver, report_request(report));
    ASSERT_TRUE(key);
    auto verified = verify_report(report, key->expose());
    ASSERT_TRUE(verified);
    EXPECT_EQ(verified->body().mr_enclave, sender.mr_enclave);
    EXPECT_EQ(verified->body().mr_signer, sender.mr_signer);
    EXPECT_EQ(verified->body().report_data, data);
    EXPECT_EQ(verified->body().isv_svn, 3);
    EXPECT_EQ(verified->body().cpu_svn, processor.value.cpu_svn);
}

TEST_F(ReportTest, NobodyElseVerifies) {
    EXPECT_TRUE(verifies_for(processor, receiver, report));
    EXPECT_FALSE(verifies_for(processor, sender, report));
    EXPECT_FALSE(verifies_for(Processor(2), receiver, report));
    EnclaveIdentity debug = receiver;
    debug.attributes.flags |= kAttributeDEBUG;
    EXPECT_FALSE(verifies_for(processor, debug, report));
}

TEST_F(ReportTest, EveryChangedByteIsRefused) {
    auto* bytes = reinterpret_cast<uint8_t*>(&report);
    for (size_t at = 0; at < sizeof report; ++at) {
        bytes[at] ^= 1;
        EXPECT_FALSE(verifies_for(processor, receiver, report)) << at;
        bytes[at] ^= 1;
    }
}

TEST_F(ReportTest, ATargetWithReservedBytesIsRefused) {
    TargetInfo target = target_info_of(receiver);
    target.reserved_128[383] = 1;
    EXPECT_EQ(make_report(processor.value, sender, target, data, key_id).error(),
              ErrorCode::Malformed);
}

TEST_F(ReportTest, AReportNamesItsSenderAsATarget) {
    TargetInfo from_report = target_info_of(report.body);
    TargetInfo from_identity = target_info_of(sender);
    EXPECT_EQ(__builtin_memcmp(&from_report, &from_identity, sizeof from_report), 0);
}

KeyRequest seal_request(uint16_t policy) {
    KeyRequest request{};
    request.key_name = kKeySEAL;
    request.key_policy = policy;
    request.attribute_mask = {.flags = 0xFF0000000000000B, .xfrm = 0};
    return request;
}

TEST(SealKey, DependsOnWhatThePolicyNames) {
    Processor processor(1);
    auto key = [&](const EnclaveIdentity& who, const KeyRequest& request) {
        return get_key(processor.value, who, request)->duplicate();
    };
    KeyRequest by_enclave = seal_request(kKeypolicyMRENCLAVE);
    KeyRequest by_signer = seal_request(kKeypolicyMRSIGNER);
    EXPECT_EQ(key(enclave(1), by_enclave), key(enclave(1), by_enclave));
    EXPECT_FALSE(key(enclave(1), by_enclave) == key(enclave(2), by_enclave));
    EXPECT_EQ(key(enclave(1), by_signer), key(enclave(2), by_signer));
    EXPECT_FALSE(key(enclave(1), by_signer) == key(enclave(1), by_enclave));

    EnclaveIdentity other_signer = enclave(1), other_product = enclave(1), debug = enclave(1);
    other_signer.mr_signer[0] ^= 1;
    other_product.isv_prod_id = 9;
    debug.attributes.flags |= kAttributeDEBUG;
    for (const EnclaveIdentity& other : {other_signer, other_product, debug})
        EXPECT_FALSE(key(enclave(1), by_signer) == key(other, by_signer));

    KeyRequest no_mask = by_signer;
    no_mask.attribute_mask = {};
    EXPECT_FALSE(key(enclave(1), no_mask) == key(debug, no_mask)) << "DEBUG always counts";

    KeyRequest other_id = by_signer;
    other_id.key_id[31] = 1;
    EXPECT_FALSE(key(enclave(1), by_signer) == key(enclave(1), other_id));
}

TEST(SealKey, OlderVersionsAreGivenAndNewerRefused) {
    Processor processor(1);
    EnclaveIdentity old_version = enclave(1), new_version = enclave(1);
    new_version.isv_svn = 4;
    KeyRequest request = seal_request(kKeypolicyMRSIGNER);
    request.isv_svn = 3;
    request.cpu_svn.fill(5);
    auto first = get_key(processor.value, old_version, request);
    auto second = get_key(processor.value, new_version, request);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(*first, *second);

    request.isv_svn = 4;
    EXPECT_EQ(get_key(processor.value, old_version, request).error().number, kSGX_INVALID_ISVSVN);
    request.isv_svn = 3;
    request.cpu_svn[7] = 6;
    EXPECT_EQ(get_key(processor.value, old_version, request).error().number, kSGX_INVALID_CPUSVN);
}

TEST(KeyRequestTest, WhatIsNotTheEnclavesIsRefused) {
    Processor processor(1);
    auto error = [&](auto change) {
        KeyRequest request = seal_request(kKeypolicyMRENCLAVE);
        change(request);
        auto key = get_key(processor.value, enclave(1), request);
        return key ? Error{ErrorCode::BadMac, "given"} : key.error();
    };
    EXPECT_EQ(error([](KeyRequest& r) { r.key_name = kKeyPROVISION; }).number,
              kSGX_INVALID_ATTRIBUTE);
    EXPECT_EQ(error([](KeyRequest& r) { r.key_name = kKeyPROVISION_SEAL; }).number,
              kSGX_INVALID_ATTRIBUTE);
    EXPECT_EQ(error([](KeyRequest& r) { r.key_name = kKeyEINITTOKEN; }), ErrorCode::NotPermitted);
    EXPECT_EQ(error([](KeyRequest& r) { r.key_name = 5; }).number, kSGX_INVALID_KEYNAME);
    EXPECT_EQ(error([](KeyRequest& r) { r.key_policy = 64; }), ErrorCode::Malformed);
    EXPECT_EQ(error([](KeyRequest& r) { r.key_policy = kKeypolicyCONFIGID; }),
              ErrorCode::Malformed);
    EXPECT_EQ(error([](KeyRequest& r) { r.reserved_78[0] = 1; }), ErrorCode::Malformed);
}

}  // namespace
}  // namespace scone::sgx
