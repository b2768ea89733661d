#include "services/cas/attestation.h"

#include <gtest/gtest.h>

#include "lib/sgx/debug_signer.h"
#include "lib/text/hex.h"

namespace scone::cas {
namespace {

using policy::AttestationVariant;
using policy::SignerFactor;

base::ByteArray<32> filled(uint8_t value) {
    base::ByteArray<32> out;
    out.fill(value);
    return out;
}

Evidence enclave() {
    Evidence evidence{SimulatedPlatform{}, {}, {}};
    evidence.report.mr_enclave = filled(0xaa);
    evidence.report.mr_signer = filled(0x22);
    evidence.report.isv_prod_id = 3;
    evidence.report.isv_svn = 5;
    return evidence;
}

std::string verdict(const Evidence& evidence, const std::vector<AttestationVariant>& variants,
                    const std::vector<std::string>& platforms = {}) {
    auto checked = check_enclave(evidence, {variants, platforms});
    return checked ? "passes" : print_error_chain(checked.error());
}

AttestationVariant measurement(uint8_t value) {
    return {{{filled(value)}}, {}};
}

AttestationVariant signer(const SignerFactor& factor) {
    return {{}, factor};
}

TEST(Attestation, NothingNamedNothingPasses) {
    EXPECT_NE(verdict(enclave(), {}), "passes");
    EXPECT_NE(verdict(enclave(), {AttestationVariant{}}), "passes");
    AttestationVariant empty_list;
    empty_list.mrenclaves.emplace();
    EXPECT_NE(verdict(enclave(), {empty_list}), "passes");
}

TEST(Attestation, OneOfSeveralVariantsIsEnough) {
    EXPECT_EQ(verdict(enclave(), {measurement(1), measurement(0xaa)}), "passes");
    std::string why = verdict(enclave(), {measurement(1), measurement(2)});
    EXPECT_NE(why.find("Error 2 of 2: Unexpected enclave measurement"), std::string::npos) << why;
}

TEST(Attestation, EveryFactorOfAVariantMustHold) {
    AttestationVariant both = measurement(0xaa);
    both.signer = SignerFactor{filled(0x22), 3, {}, {}, {}};
    EXPECT_EQ(verdict(enclave(), {both}), "passes");
    both.signer->isvprodid = 4;
    EXPECT_NE(verdict(enclave(), {both}), "passes");
    both.signer->isvprodid = 3;
    both.mrenclaves->front() = filled(1);
    EXPECT_NE(verdict(enclave(), {both}), "passes");
}

TEST(Attestation, VersionLimitsAreInclusive) {
    auto with = [](std::optional<uint16_t> exact, std::optional<uint16_t> low,
                   std::optional<uint16_t> high) {
        return verdict(enclave(), {signer({filled(0x22), 3, exact, low, high})});
    };
    EXPECT_EQ(with(5, {}, {}), "passes");
    EXPECT_NE(with(4, {}, {}), "passes");
    EXPECT_EQ(with({}, 5, 5), "passes");
    EXPECT_NE(with({}, 6, {}), "passes");
    EXPECT_NE(with({}, {}, 4), "passes");
}

TEST(Attestation, PublicKeysAreNoSigners) {
    Evidence evidence = enclave();
    evidence.report.mr_signer = sgx::kDebugKeyMrsigner;
    EXPECT_NE(verdict(evidence, {signer({sgx::kDebugKeyMrsigner, 3, {}, {}, {}})}), "passes");
    EXPECT_FALSE(is_public_signer(filled(0x22)));
}

TEST(Attestation, LongListsStayWithinTheProtocol) {
    std::vector<AttestationVariant> many(500, measurement(1));
    auto checked = check_enclave(enclave(), {many, {}});
    ASSERT_FALSE(checked);
    EXPECT_LE(checked.error().causes.size(), channel::kMaxCauses);
    EXPECT_TRUE(channel::encode(checked.error()));
}

TEST(Attestation, PlatformMustBeListed) {
    std::vector<AttestationVariant> good{measurement(0xaa)};
    std::string id = "INTEL_QE_ID:" + std::string(32, '0');
    EXPECT_EQ(verdict(enclave(), good, {"INTEL_QE_ID:" + std::string(32, '1'), id}), "passes");
    EXPECT_NE(verdict(enclave(), good, {"INTEL_QE_ID:" + std::string(32, '1')}), "passes");
}

}  // namespace
}  // namespace scone::cas
