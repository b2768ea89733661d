// scone-cas from outside: enclaves that attest and are configured, and those that are refused.
#include <gtest/gtest.h>

#include <ctime>
#include <map>

#include "enclave_double.h"
#include "lib/sgx/debug_signer.h"
#include "lib/text/base64.h"
#include "lib/text/hex.h"
#include "services/cas/one_time_password.h"

namespace scone::test {
namespace {

const std::string kMeasurement(64, 'a');
const std::string kTolerant = "security: {attestation: {tolerate: [debug-mode]}}\n";

std::string policy(const std::string& name, const std::string& attestation,
                   const std::string& more) {
    return "name: " + name +
           "\n"
           "version: \"0.3.10\"\n"
           "services:\n"
           "  - name: app\n"
           "    image_name: image\n"
           "    command: [python3, /app.py, --password, $$SCONE::password$$, \"@@1\"]\n"
           "    environment: {KEY: \"$$SCONE::raw:hex$$\", \"@@HOST\": x, SCONE_PIPE: \"1\"}\n"
           "    pwd: /srv\n"
           "    " +
           attestation +
           "\n"
           "    fspf_path: /fspf/fs.fspf\n"
           "    fspf_key: " +
           std::string(64, 'b') +
           "\n"
           "    fspf_tag: " +
           std::string(32, 'c') +
           "\n"
           "secrets:\n"
           "  - {name: password, kind: ascii, size: 24}\n"
           "  - {name: raw, kind: binary, size: 4, value: 01020304}\n"
           "images:\n"
           "  - name: image\n"
           "    volumes: [{name: data, path: /data}]\n"
           "    injection_files: [{path: /etc/p, content: \"p=$$SCONE::password$$\"}]\n"
           "volumes: [{name: data}]\n" +
           more;
}

class CasAttestation : public testing::Test {
  protected:
    void start(const std::vector<std::string>& options = {"--allow-simulation"}) {
        cas_.reset();
        cas_.emplace(folder_.path() / "state", options);
        ASSERT_TRUE(cas_->is_up()) << cas_->output();
    }
    void upload(const std::string& text) {
        auto hash = net::CasClient(cas_->client(&owner_), 0).upload_session(text);
        ASSERT_TRUE(hash) << hash.error().what << ": " << hash.error().doing;
    }
    EnclaveDouble enclave() { return EnclaveDouble(machine_, properties_); }
    std::expected<channel::Configuration, std::string> configure(const std::string& id,
                                                                 const std::string& token = {}) {
        last_.emplace(enclave());
        return last_->configure(cas_->enclave_client(&last_->identity()), id, token);
    }
    std::string refusal(const std::string& id, const std::string& token = {}) {
        auto got = configure(id, token);
        return got ? "configured" : got.error();
    }

    TemporaryFolder folder_;
    SimulatedMachine machine_;
    EnclaveProperties properties_ = [] {
        EnclaveProperties properties;
        properties.mr_enclave.fill(0xaa);
        properties.mr_signer.fill(0x22);
        properties.isv_prod_id = 3;
        properties.isv_svn = 5;
        return properties;
    }();
    net::ClientIdentity owner_ = make_identity();
    std::optional<CasProcess> cas_;
    std::optional<EnclaveDouble> last_;
};

TEST_F(CasAttestation, ConfiguresAnAttestedService) {
    start();
    upload(policy("s", "mrenclaves: [" + kMeasurement + "]", kTolerant));
    auto got = configure("s/app");
    ASSERT_TRUE(got) << got.error();
    ASSERT_EQ(got->arguments.size(), 5u);
    EXPECT_EQ(got->arguments[0].expose_text(), "python3");
    std::string password(got->arguments[3].expose_text());
    EXPECT_EQ(password.size(), 24u);
    EXPECT_EQ(got->arguments[4].expose_text(), "@@1");
    ASSERT_EQ(got->environment.size(), 3u);
    std::map<std::string, std::string> environment;
    for (const auto& variable : got->environment)
        environment[variable.name] = variable.value.expose_text();
    EXPECT_EQ(environment["KEY"], "01020304");
    EXPECT_TRUE(environment.contains("@@HOST"));
    EXPECT_EQ(got->working_directory, "/srv");
    ASSERT_TRUE(got->root);
    EXPECT_EQ(got->root->key.expose()[0], 0xbb);
    EXPECT_EQ(got->root->tag->at(0), 0xcc);
    ASSERT_EQ(got->injected_files.size(), 1u);
    EXPECT_EQ(got->injected_files[0].content.expose_text(), "p=" + password);
    ASSERT_EQ(got->runtime_settings.size(), 1u);
    EXPECT_EQ(got->runtime_settings[0].name, "SCONE_PIPE");
    ASSERT_EQ(got->volumes.size(), 1u);
    EXPECT_EQ(got->volumes[0].mount_path, "/data");
    EXPECT_FALSE(got->volumes[0].tree.tag);
    EXPECT_EQ(got->session_hash.size(), 64u);
    EXPECT_EQ(last_->say_exit(0), "");
    // The same secrets again, also after a restart.
    EXPECT_EQ(configure("s/app")->arguments[3].expose_text(), password);
    cas_->stop();
    start();
    EXPECT_EQ(configure("s/app")->arguments[3].expose_text(), password);
}

TEST_F(CasAttestation, RefusesAnotherMeasurementAndNamesBoth) {
    start();
    upload(policy("s", "mrenclaves: [" + std::string(64, 'd') + ", " + std::string(64, 'e') + "]",
                  kTolerant));
    std::string why = refusal("s/app");
    EXPECT_NE(why.find("The program enclave is not trustworthy"), std::string::npos) << why;
    EXPECT_NE(why.find("Error 1 of 2: Unexpected enclave measurement (MRENCLAVE, " + kMeasurement +
                       ") - Expected " + std::string(64, 'd')),
              std::string::npos)
        << why;
}

TEST_F(CasAttestation, StrictPolicyRefusesSimulationAndNamesTheLine) {
    start();
    upload(policy("s", "mrenclaves: [" + kMeasurement + "]", ""));
    std::string why = refusal("s/app");
    EXPECT_NE(
        why.find("add `tolerate: [debug-mode]` to the session's `security.attestation` config"),
        std::string::npos)
        << why;
}

TEST_F(CasAttestation, OperatorMustAllowSimulationToo) {
    start({});
    upload(policy("s", "mrenclaves: [" + kMeasurement + "]", kTolerant));
    std::string why = refusal("s/app");
    EXPECT_NE(why.find("--allow-simulation"), std::string::npos) << why;
    upload(
        "name: open\nversion: \"0.3.10\"\nservices: [{name: app, image_name: i, command: x}]\n"
        "images: [{name: i}]\nsecurity: {attestation: {mode: none}}\n");
    EXPECT_EQ(refusal("open/app"), "configured");
}

TEST_F(CasAttestation, SignerFactorHoldsInAllItsParts) {
    start();
    auto signer = [](const std::string& more) {
        return "attestation: [{signer: {mrsigner: " +
               text::to_hex(base::ByteArray<32>{0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22,
                                                0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22,
                                                0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22,
                                                0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22}) +
               ", " + more + "}}]";
    };
    upload(policy("ok", signer("isvprodid: 3, isvsvn_min: 4"), kTolerant));
    EXPECT_EQ(refusal("ok/app"), "configured");
    upload(policy("old", signer("isvprodid: 3, isvsvn_min: 6"), kTolerant));
    EXPECT_NE(refusal("old/app").find("ISVSVN, 5) - Expected at least 6"), std::string::npos);
    upload(policy("other", signer("isvprodid: 4"), kTolerant));
    EXPECT_NE(refusal("other/app").find("ISVPRODID"), std::string::npos);
}

TEST_F(CasAttestation, PublicDebugKeyIsNoSigner) {
    start();
    properties_.mr_signer = sgx::kDebugKeyMrsigner;
    upload(policy("s",
                  "attestation: [{signer: {mrsigner: " + text::to_hex(sgx::kDebugKeyMrsigner) +
                      ", isvprodid: 3}}]",
                  kTolerant));
    std::string why = refusal("s/app");
    EXPECT_NE(why.find("whose private key is public"), std::string::npos) << why;
}

TEST_F(CasAttestation, QuoteOfAnotherKeyIsRefused) {
    start();
    upload(policy("s", "mrenclaves: [" + kMeasurement + "]", kTolerant));
    EnclaveDouble thief = enclave();
    thief.use_identity(make_identity());
    auto got = thief.configure(cas_->enclave_client(&thief.identity()), "s/app");
    ASSERT_FALSE(got);
    EXPECT_NE(got.error().find("another TLS key"), std::string::npos) << got.error();
}

TEST_F(CasAttestation, OtherPlatformIsRefused) {
    start();
    std::string other = "platforms: [INTEL_QE_ID:" + std::string(32, '1') + "]\n    mrenclaves: [";
    upload(policy("s", other + kMeasurement + "]", kTolerant));
    EXPECT_NE(refusal("s/app").find("is not one of the service's `platforms`"), std::string::npos);
    std::string own =
        "platforms: [INTEL_QE_ID:" + text::to_hex(machine_.qe_id()) + "]\n    mrenclaves: [";
    upload(policy("t", own + kMeasurement + "]", kTolerant));
    EXPECT_EQ(refusal("t/app"), "configured");
}

TEST_F(CasAttestation, UnknownSessionAndServiceAreNamed) {
    start();
    upload(policy("s", "mrenclaves: [" + kMeasurement + "]", kTolerant));
    EXPECT_NE(refusal("none/app").find("Session 'none' does not exist"), std::string::npos);
    EXPECT_NE(refusal("s/none").find("no service 'none'"), std::string::npos);
    EXPECT_NE(refusal("nonsense").find("expected SESSION/SERVICE"), std::string::npos);
}

TEST_F(CasAttestation, VolumeTagsGoForwardOnly) {
    start();
    upload(policy("s", "mrenclaves: [" + kMeasurement + "]", kTolerant));
    ASSERT_TRUE(configure("s/app"));
    base::ByteArray<16> none{}, first{1}, second{2};
    EXPECT_EQ(last_->update_tag("data", none, first), "");
    EXPECT_EQ(last_->update_tag("data", first, second), "");
    EXPECT_EQ(last_->update_tag("data", first, second), "");  // said twice
    EXPECT_NE(last_->update_tag("data", none, first).find("not fresh"), std::string::npos);
    cas_->stop(SIGKILL);
    start();
    EXPECT_EQ(configure("s/app")->volumes[0].tree.tag, second);
    EXPECT_NE(last_->update_tag("nothing", second, first).find("no volume"), std::string::npos);
}

TEST_F(CasAttestation, SecretsAreSharedOnlyWithThoseWhoMayHaveThem) {
    start();
    upload(
        "name: owner\nversion: \"0.3.10\"\nsecrets: [{name: shared, kind: ascii, size: 9, "
        "export: [{session: friend}]}]\n");
    auto user = [&](const std::string& name) {
        return "name: " + name +
               "\nversion: \"0.3.10\"\n"
               "services: [{name: app, image_name: i, command: \"x $$SCONE::s$$\", mrenclaves: [" +
               kMeasurement +
               "]}]\nimages: [{name: i}]\n"
               "secrets: [{name: s, import: {session: owner, secret: shared}}]\n" +
               kTolerant;
    };
    upload(user("friend"));
    upload(user("foe"));
    auto got = configure("friend/app");
    ASSERT_TRUE(got) << got.error();
    EXPECT_EQ(got->arguments[1].size(), 9u);
    EXPECT_NE(refusal("foe/app").find("does not export 'shared' to 'foe'"), std::string::npos);
}

TEST_F(CasAttestation, SecondFactorsAreAskedFor) {
    start();
    std::string secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    upload(policy(
        "otp", "mrenclaves: [" + kMeasurement + "]\n    one_time_password_shared_secret: " + secret,
        kTolerant));
    EXPECT_NE(refusal("otp/app").find("One-time Password is invalid"), std::string::npos);
    auto step = static_cast<uint64_t>(std::time(nullptr)) / 30;
    std::string code = cas::otp_code(*text::from_base32(secret), step);
    EXPECT_EQ(refusal("otp/app@" + code), "configured");
    EXPECT_NE(refusal("otp/app@" + code).find("already used"), std::string::npos);
    upload(policy("token", "mrenclaves: [" + kMeasurement + "]",
                  "security: {service_access_token: open-sesame, attestation: {tolerate: "
                  "[debug-mode]}}\n"));
    EXPECT_NE(refusal("token/app").find("service access token"), std::string::npos);
    EXPECT_EQ(refusal("token/app", "open-sesame"), "configured");
}

}  // namespace
}  // namespace scone::test
