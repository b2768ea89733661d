// Provisioning against the real LAS program and a CAS in this process: what the enclave does, with
// the simulated processor's EREPORT called directly.
#include <gtest/gtest.h>
#include <sys/random.h>

#include <atomic>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "cas_double.h"
#include "las_process.h"
#include "runtime/trusted/provisioning/cryptography.h"
#include "runtime/trusted/provisioning/provision.h"
#include "simulated_enclave.h"

namespace scone::provisioning {
namespace {

using test::CasDouble;
using test::LasProcess;
using test::simulated_report;
using test::Socket;

std::atomic<size_t> entropy_bytes = 0;  // the double of CAS draws from it too

bool entropy(uint8_t* out, size_t size) {
    entropy_bytes += size;
    return getrandom(out, size, 0) == static_cast<ssize_t>(size);
}

class ProvisioningTest : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(prepare_cryptography(entropy));
        ASSERT_NE(0, las_.port()) << las_.log();
        request_.config_id = "namespace/session/service";
        request_.pin = cas_.pin();
        las_socket_ = test::connect_to(las_.port());
        cas_socket_ = test::connect_to(cas_.port());
        surroundings_.las = las_socket_.transport();
        surroundings_.cas = cas_socket_.transport();
        surroundings_.report = {&fuse_key_, simulated_report};
        surroundings_.log = {&log_, [](void* context, const char* line) {
                                 *static_cast<std::string*>(context) += std::string(line) + "\n";
                             }};
        surroundings_.time = time(nullptr);
    }
    ~ProvisioningTest() override { std::filesystem::remove_all(state_); }

    std::string failure() {
        auto got = provision(surroundings_, request_);
        return got ? "provisioned" : print_error_chain(got.error());
    }

    std::string state_ = testing::TempDir() + "provisioning_las_" + std::to_string(getpid());
    sgx::FuseKey fuse_key_{std::span<const uint8_t, 16>(sgx::kPublicSimulatedFuseKey)};
    LasProcess las_{state_};
    CasDouble cas_;
    Socket las_socket_, cas_socket_;
    Surroundings surroundings_;
    ProvisionRequest request_;
    std::string log_;
};

TEST_F(ProvisioningTest, BringsTheConfigurationOfAnAttestedEnclave) {
    entropy_bytes = 0;
    auto got = provision(surroundings_, request_);
    ASSERT_TRUE(got) << print_error_chain(got.error()) << log_;
    EXPECT_EQ("app.py", got->configuration.arguments.at(1).expose_text());
    EXPECT_EQ("secret", got->configuration.environment.at(0).value.expose_text());
    EXPECT_EQ(9, got->configuration.root->key.expose()[0]);
    EXPECT_EQ(size_t{3} << 20, got->configuration.injected_files.at(0).content.size());
    EXPECT_EQ(0x5a, cas_.attested.mr_enclave[0]);
    EXPECT_GT(entropy_bytes.load(), 32u);  // the key came from the source handed in
    EXPECT_NE(std::string::npos, log_.find("Got Quote from LAS\n"));
    ASSERT_TRUE(got->cas.update_tag({"", {}, {1}}));
    EXPECT_EQ(30u, got->cas.renew_lease().value());
    EXPECT_TRUE(got->cas.report_exit(0, 0));
}

TEST_F(ProvisioningTest, TellsWhatCasSaid) {
    request_.config_id = "namespace/session/other";
    EXPECT_EQ(
        "  Caused by: CAS sent an attestation/configuration error: "
        "Failed to retrieve service attestation configuration\n"
        "  Caused by: No session of this name\n",
        failure());
}

TEST_F(ProvisioningTest, SpeaksToThePinnedCasOnly) {
    request_.pin = {crypto::KeyHash{1, 2, 3}, {}};
    EXPECT_TRUE(
        failure().starts_with("  Caused by: Failed to establish an encrypted channel to CAS\n"
                              "  Caused by: CAS is not the pinned one"));
    EXPECT_EQ(0, cas_.attested.mr_enclave[0]);
}

TEST_F(ProvisioningTest, IsRefusedByAPolicyWithoutDebugMode) {
    cas_.policy.debug_mode = false;
    EXPECT_NE(std::string::npos, failure().find("does not tolerate debug-mode"));
}

TEST_F(ProvisioningTest, AReportOfAnotherMachineGetsNoQuote) {
    fuse_key_ = sgx::FuseKey(base::ByteArray<16>{1});
    EXPECT_TRUE(failure().starts_with(
        "  Caused by: LAS sent an error: The simulated quoting enclave refused the report\n"));
}

TEST_F(ProvisioningTest, NamesThePartThatIsGone) {
    las_socket_.shut_down();
    EXPECT_TRUE(failure().starts_with("  Caused by: Could not get a quote from LAS\n"));
    las_socket_ = test::connect_to(las_.port());
    surroundings_.las = las_socket_.transport();
    cas_socket_.shut_down();
    EXPECT_TRUE(
        failure().starts_with("  Caused by: Failed to establish an encrypted channel to CAS\n"));
}

// A quote is bound to one TLS key: shown over another connection it is worth nothing.
TEST_F(ProvisioningTest, AQuoteForAnotherKeyIsRefused) {
    struct Replayer {
        sgx::FuseKey& fuse_key;
        static bool make(void* context, std::span<const uint8_t, 512> target,
                         std::span<const uint8_t, 64>, std::span<uint8_t, 432> report) {
            base::ByteArray<64> other{1, 2, 3};
            return simulated_report(&static_cast<Replayer*>(context)->fuse_key, target, other,
                                    report);
        }
    } replayer{fuse_key_};
    surroundings_.report = {&replayer, Replayer::make};
    EXPECT_NE(std::string::npos, failure().find("The quote is for another TLS key"));
}

TEST_F(ProvisioningTest, LasKeepsItsIdentityAndEndsCleanly) {
    std::string first = las_.log();
    auto key_line = [](const std::string& log) {
        size_t at = log.find("SCONE QE has public key");
        return log.substr(at, log.find('\n', at) - at);
    };
    EXPECT_EQ(0, las_.stop());
    LasProcess again(state_);
    EXPECT_EQ(key_line(first), key_line(again.log()));
    std::string fuse_file = state_ + "/fuse";
    std::ofstream(fuse_file) << "another machine!";
    LasProcess other(state_, fuse_file);
    EXPECT_EQ(0, other.port());
    EXPECT_NE(std::string::npos, other.log().find("for another machine"));
}

}  // namespace
}  // namespace scone::provisioning
