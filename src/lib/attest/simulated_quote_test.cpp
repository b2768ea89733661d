#include "lib/attest/simulated_quote.h"

#include <gtest/gtest.h>

#include <cstring>

#include "lib/sgx/attributes.h"
#include "lib/sgx/simulated_processor.h"

namespace scone::attest {
namespace {

constexpr int64_t kNow = 1'800'000'000;

struct Machine {
    sgx::FuseKey fuse_key;
    SimulatedQuotingEnclave qe;

    explicit Machine(uint8_t fuse)
        : fuse_key(key(fuse)),
          qe(SimulatedQuotingEnclave::start(fuse_key, make_simulated_quoting_keys(fuse_key).value())
                 .value()) {}
    static sgx::FuseKey key(uint8_t fuse) {
        ByteArray<16> bytes{};
        bytes[0] = fuse;
        return sgx::FuseKey(bytes);
    }
    sgx::Report report(const sgx::TargetInfo& target) const {
        sgx::EnclaveIdentity identity;
        identity.attributes = {sgx::kAttributeINIT | sgx::kAttributeMODE64BIT, sgx::kXfrmLegacy};
        identity.mr_enclave[0] = 0xaa;
        ByteArray<64> data{};
        data[63] = 0xbb;
        sgx::SimulatedProcessor processor{fuse_key, sgx::kSimulatedCpuSvn,
                                          sgx::kSimulatedOwnerEpoch};
        return sgx::make_report(processor, identity, target, data, {1, 2, 3}).value();
    }
    std::vector<uint8_t> quote() const { return qe.quote(report(qe.target_info())).value(); }
};

Tolerances debug_tolerated() {
    Tolerances policy;
    policy.debug_mode = true;
    return policy;
}

TEST(SimulatedQuote, IsAcceptedWhereOperatorAndPolicyAllowIt) {
    Machine machine(1);
    auto got =
        verify_simulated_quote(machine.quote(), AllowSimulation::Yes, debug_tolerated(), kNow);
    ASSERT_TRUE(got) << got.error().text;
    EXPECT_EQ(0xaa, got->report().mr_enclave[0]);
    EXPECT_EQ(0xbb, got->report_data()[63]);
    EXPECT_EQ(machine.qe.qe_id(), got->qe_id());
    EXPECT_NE(machine.qe.qe_id(), Machine(2).qe.qe_id());
}

TEST(SimulatedQuote, IsRefusedWhereEitherDoesNot) {
    Machine machine(1);
    auto quote = machine.quote();
    auto got = verify_simulated_quote(quote, AllowSimulation::No, debug_tolerated(), kNow);
    EXPECT_EQ(ErrorCode::SimulationNotAllowed, got.error().code);
    EXPECT_NE(nullptr, strstr(got.error().text, "--allow-simulation"));
    got = verify_simulated_quote(quote, AllowSimulation::Yes, {}, kNow);
    EXPECT_EQ(ErrorCode::SimulationNotAllowed, got.error().code);
    EXPECT_NE(nullptr, strstr(got.error().text, "debug-mode"));
}

TEST(SimulatedQuote, IsNeverARealQuote) {
    auto quote = Machine(1).quote();
    auto got = verify_quote(quote, {}, {.time = kNow});
    ASSERT_FALSE(got);
    EXPECT_EQ(ErrorCode::QuoteUnsupported, got.error().code);
    // Even when the header claims Intel's quoting enclave.
    base::copy_bytes(base::MutableBytes(quote).subspan(12), kIntelQeVendor);
    got = verify_quote(quote, {}, {.time = kNow});
    ASSERT_FALSE(got);
    EXPECT_EQ(ErrorCode::UntrustedRoot, got.error().code);
}

TEST(SimulatedQuote, ChangedAnywhereIsRefused) {
    auto quote = Machine(1).quote();
    for (size_t at = 0; at < 1020; at += 7) {
        quote[at] ^= 1;
        EXPECT_FALSE(verify_simulated_quote(quote, AllowSimulation::Yes, debug_tolerated(), kNow))
            << at;
        quote[at] ^= 1;
    }
}

TEST(SimulatedQuotingEnclave, SignsOnlyReportsOfItsMachineForItself) {
    Machine machine(1);
    Machine other(2);
    EXPECT_EQ(ErrorCode::ReportMac,
              machine.qe.quote(other.report(other.qe.target_info())).error().code);
    sgx::TargetInfo stranger = machine.qe.target_info();
    stranger.mr_enclave[0] ^= 1;
    EXPECT_EQ(ErrorCode::ReportMac, machine.qe.quote(machine.report(stranger)).error().code);
    sgx::Report changed = machine.report(machine.qe.target_info());
    changed.body.mr_enclave[0] ^= 1;
    EXPECT_EQ(ErrorCode::ReportMac, machine.qe.quote(changed).error().code);
}

TEST(SimulatedQuotingEnclave, KeepsItsKeysToItsMachine) {
    auto keys = make_simulated_quoting_keys(Machine::key(1)).value();
    EXPECT_EQ(ErrorCode::PckChainInvalid,
              SimulatedQuotingEnclave::start(Machine::key(2), std::move(keys)).error().code);
    auto one = make_simulated_quoting_keys(Machine::key(1)).value();
    auto two = make_simulated_quoting_keys(Machine::key(1)).value();
    one.pck = std::move(two.pck);
    EXPECT_EQ(ErrorCode::PckChainInvalid,
              SimulatedQuotingEnclave::start(Machine::key(1), std::move(one)).error().code);
}

}  // namespace
}  // namespace scone::attest
