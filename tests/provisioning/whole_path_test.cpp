// Provisioning, LAS and CAS as they are shipped: only the processor and the enclave around the
// provisioning code are missing.
#include <gtest/gtest.h>
#include <sys/random.h>

#include <chrono>
#include <ctime>
#include <filesystem>

#include "../services/cas_process.h"
#include "las_process.h"
#include "runtime/trusted/provisioning/cryptography.h"
#include "runtime/trusted/provisioning/provision.h"
#include "services/net/cas_client.h"
#include "simulated_enclave.h"
#include "sockets.h"

namespace scone::provisioning {
namespace {

using test::CasProcess;
using test::LasProcess;
using test::Socket;

std::string policy(const std::string& measurement_digits, const std::string& tolerate) {
    std::string measurement;
    for (int i = 0; i < 32; i++)
        measurement += measurement_digits;
    return "name: whole\n"
           "version: \"0.3.10\"\n"
           "services:\n"
           "  - name: app\n"
           "    command: [python3, /app.py, $$SCONE::password$$]\n"
           "    environment: {LANG: C}\n"
           "    pwd: /srv\n"
           "    mrenclaves: [" +
           measurement +
           "]\n"
           "    fspf_path: /fspf/fs.fspf\n"
           "    fspf_key: " +
           std::string(64, 'b') +
           "\n"
           "    fspf_tag: " +
           std::string(32, 'c') +
           "\n"
           "secrets: [{name: password, kind: ascii, size: 24}]\n" +
           "security: {attestation: {tolerate: [" + tolerate + "]}}\n";
}

class WholePath : public testing::Test {
  protected:
    void start(const std::vector<std::string>& options = {"--allow-simulation"}) {
        ASSERT_NE(0, las_.port()) << las_.log();
        cas_.emplace(folder_.path() / "cas", options);
        ASSERT_TRUE(cas_->is_up()) << cas_->output();
    }
    void upload(const std::string& text) {
        auto hash = net::CasClient(cas_->client(&owner_), 0).upload_session(text);
        ASSERT_TRUE(hash) << hash.error().what << ": " << hash.error().doing;
    }
    // The key hash that `scone cas attest` would have pinned.
    channel::CasPin pin() {
        std::array<uint8_t, 16> nonce{};
        auto info = net::CasClient(cas_->client(&owner_), 0).attest_info(nonce);
        EXPECT_TRUE(info) << info.error().what;
        return {info ? info->key_hash : crypto::KeyHash{}, {}};
    }
    Result<Provisioned> run(const std::string& config_id = "whole/app") {
        las_socket_ = test::connect_to(las_.port());
        cas_socket_ = test::connect_to(cas_->enclave_port());
        Surroundings surroundings{las_socket_.transport(),
                                  cas_socket_.transport(),
                                  {&fuse_key_, test::simulated_report},
                                  {},
                                  time(nullptr)};
        ProvisionRequest request;
        request.config_id = config_id;
        request.pin = pin_;
        return provision(surroundings, request);
    }
    std::string failure(const std::string& config_id = "whole/app") {
        auto got = run(config_id);
        return got ? "provisioned" : print_error_chain(got.error());
    }

    test::TemporaryFolder folder_;
    sgx::FuseKey fuse_key_{std::span<const uint8_t, 16>(sgx::kPublicSimulatedFuseKey)};
    LasProcess las_{(folder_.path() / "las").string()};
    std::optional<CasProcess> cas_;
    net::ClientIdentity owner_ = test::make_identity();
    channel::CasPin pin_;
    Socket las_socket_, cas_socket_;
};

TEST_F(WholePath, AnAttestedEnclaveIsConfiguredAndReportsItsExit) {
    start();
    pin_ = pin();
    upload(policy("5a", "debug-mode"));
    auto got = run();
    ASSERT_TRUE(got) << print_error_chain(got.error()) << cas_->output();
    ASSERT_EQ(3u, got->configuration.arguments.size());
    EXPECT_EQ(24u, got->configuration.arguments[2].size());
    ASSERT_TRUE(got->configuration.root);
    EXPECT_EQ(0xbb, got->configuration.root->key.expose()[31]);
    EXPECT_EQ("/srv", got->configuration.working_directory);
    auto noted = got->cas.report_exit(0, 0);
    EXPECT_TRUE(noted) << print_error_chain(noted.error());
}

TEST_F(WholePath, TheRefusalNamesGotAndWantedMeasurement) {
    start();
    pin_ = pin();
    upload(policy("66", "debug-mode"));
    std::string why = failure();
    EXPECT_NE(std::string::npos, why.find("CAS sent an attestation/configuration error: ")) << why;
    EXPECT_NE(std::string::npos, why.find("Unexpected enclave measurement (MRENCLAVE, 5a5a5a"))
        << why;
    EXPECT_NE(std::string::npos, why.find("Expected 666666")) << why;
    EXPECT_NE("provisioned", failure("whole/other"));
    EXPECT_NE("provisioned", failure("nothing/app"));
}

TEST_F(WholePath, SimulationMustBeAllowedTwice) {
    start({});
    pin_ = pin();
    upload(policy("5a", "debug-mode"));
    std::string why = failure();
    EXPECT_NE(std::string::npos, why.find("--allow-simulation")) << why;
    ASSERT_EQ(0, cas_->stop());
    start();
    std::string strict = policy("5a", "");
    upload("name: strict" + strict.substr(strict.find('\n')));
    why = failure("strict/app");
    EXPECT_NE(std::string::npos, why.find("debug-mode")) << why;
}

TEST_F(WholePath, AnotherCasThanThePinnedOneGetsNothing) {
    start();
    pin_.key_hash = crypto::KeyHash{1};
    EXPECT_NE(std::string::npos, failure().find("CAS is not the pinned one"));
}

// Not a limit: the number for the record, with LAS, CAS and this process on one machine.
TEST_F(WholePath, PrintsHowLongAttestAndConfigureTakes) {
    start();
    pin_ = pin();
    upload(policy("5a", "debug-mode"));
    ASSERT_TRUE(run());
    constexpr int kRounds = 20;
    auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < kRounds; i++)
        ASSERT_TRUE(run());
    std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - begin;
    RecordProperty("milliseconds", std::to_string(taken.count() / kRounds));
    std::printf("attest and configure: %.1f ms\n", taken.count() / kRounds);
}

bool system_entropy(uint8_t* out, size_t size) {
    return getrandom(out, size, 0) == static_cast<ssize_t>(size);
}
const bool is_ready = prepare_cryptography(system_entropy);

}  // namespace
}  // namespace scone::provisioning
