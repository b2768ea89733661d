// `scone cas` and `scone self` against a real scone-cas.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <set>

#include "lib/text/json.h"
#include "program.h"

namespace scone::test {
namespace {

using testing::HasSubstr;

struct CasCommand : testing::Test {
    void SetUp() override { ASSERT_TRUE(cas.is_up()) << cas.output(); }
    std::string address() const { return "localhost:" + std::to_string(cas.api_port()); }
    std::string config() const { return read_text(user.home() / ".cas/config.json"); }

    TemporaryFolder folder;
    CasProcess cas{folder.path() / "cas"};
    User user{folder.path() / "user"};
};

TEST_F(CasCommand, RefusesCasWithoutEvidenceAndNamesTheOption) {
    Ended ended = user.scone({"cas", "attest", address()});
    EXPECT_EQ(ended.code, 6);
    EXPECT_EQ(ended.out, "");
    EXPECT_THAT(ended.err, HasSubstr("no evidence of running in an enclave"));
    EXPECT_THAT(ended.err, HasSubstr(kPinIt));
    EXPECT_EQ(user.scone({"cas", "list"}).out, "");
    // No tolerance for a platform stands in for evidence.
    EXPECT_EQ(user.scone({"cas", "attest", address(), std::string(64, 'a'), "-GCS",
                          "--only_for_testing-debug", "--only_for_testing-ignore-signer"})
                  .code,
              6);
}

TEST_F(CasCommand, PinsTheKeyAndSaysThatNothingWasAttested) {
    Ended ended = user.scone({"cas", "attest", address(), kPinIt});
    ASSERT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("is NOT attested"));
    EXPECT_THAT(ended.out + ended.err, testing::Not(HasSubstr("is trustworthy")));
    EXPECT_THAT(ended.err, HasSubstr("warning: "));
    EXPECT_EQ(user.scone({"cas", "list"}).out,
              "* " + address() + ": https://" + address() + "/ (not attested)\n");
    struct stat status = {};
    ASSERT_EQ(stat((user.home() / ".cas/config.json").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    Ended version = user.scone({"cas", "version"});
    EXPECT_EQ(version.code, 0) << version.err;
    EXPECT_THAT(version.err, HasSubstr("NOT attested"));

    std::string key_hash = user.scone({"cas", "show-identification", "-c", address()}).out;
    EXPECT_THAT(cas.output(), HasSubstr(key_hash.substr(0, key_hash.size() - 1)));
    auto root = read_text(folder.path() / "cas/ca/cas.crt");
    EXPECT_EQ(user.scone({"cas", "show-identification", "-C"}).out, root);
    EXPECT_THAT(user.scone({"cas", "show-certificate"}).out, testing::EndsWith(root));
}

TEST_F(CasCommand, ComparesTheKeyHashThatTheUserExpects) {
    std::string other = "3s1pm8W6Be6cxvAQRbRP5YXd9YuERAr7KswN97uGtoPkRW87x1";
    Ended ended = user.scone({"cas", "attest", address(), kPinIt, "-c", other});
    EXPECT_EQ(ended.code, 6);
    EXPECT_THAT(ended.err, HasSubstr("expected CAS key hash " + other));
    EXPECT_EQ(user.scone({"cas", "attest", address(), kPinIt, "-c", "nonsense"}).code, 2);
    ASSERT_EQ(user.scone({"cas", "attest", address(), kPinIt}).code, 0);
    std::string own = user.scone({"cas", "show-identification", "-c"}).out;
    own.pop_back();
    EXPECT_EQ(user.scone({"cas", "attest", address(), kPinIt, "-c", own}).code, 0);
}

TEST_F(CasCommand, AnotherCasAtThePinnedAddressIsRefused) {
    ASSERT_EQ(user.scone({"cas", "attest", address(), kPinIt}).code, 0);
    uint16_t port = cas.api_port();
    cas.stop();
    CasProcess thief(folder.path() / "thief", {"--listen-api=127.0.0.1:" + std::to_string(port)});
    ASSERT_TRUE(thief.is_up()) << thief.output();
    auto file = write_text(folder.path() / "s.yml", "name: s\nversion: \"0.3.10\"\n");
    Ended ended = user.scone({"session", "create", file});
    EXPECT_EQ(ended.code, 6) << ended.err;
    EXPECT_EQ(ended.out, "");
    // Pinning it again replaces the key, but not silently.
    Ended again = user.scone({"cas", "attest", "localhost:" + std::to_string(port), kPinIt});
    EXPECT_EQ(again.code, 0);
    EXPECT_THAT(again.err, HasSubstr("has changed"));
}

TEST_F(CasCommand, SeveralCasAndTheDefault) {
    CasProcess second(folder.path() / "second");
    std::string other = "127.0.0.1:" + std::to_string(second.api_port());
    ASSERT_EQ(user.scone({"cas", "attest", address(), kPinIt}).code, 0);
    ASSERT_EQ(user.scone({"cas", "attest", other, kPinIt}).code, 0);
    EXPECT_THAT(user.scone({"cas", "list"}).out, HasSubstr("* " + address()));
    EXPECT_EQ(user.scone({"cas", "set-default", other}).code, 0);
    EXPECT_THAT(user.scone({"cas", "list"}).out, HasSubstr("* " + other));
    EXPECT_EQ(user.scone({"cas", "set-default", "nobody"}).code, 6);
}

TEST_F(CasCommand, UnreachableCasIsNamed) {
    cas.stop();
    Ended ended = user.scone({"cas", "attest", address(), kPinIt});
    EXPECT_EQ(ended.code, 5);
    EXPECT_THAT(ended.err, HasSubstr(address()));
    EXPECT_EQ(user.scone({"session", "read", "x"}).code, 4);  // no default CAS
    EXPECT_EQ(user.scone({"session", "read", "x", "-c", address()}).code, 6);
}

TEST_F(CasCommand, ConcurrentFirstUsesMakeOneIdentity) {
    std::vector<std::unique_ptr<Program>> programs;
    for (int i = 0; i < 8; ++i)
        programs.push_back(std::make_unique<Program>(
            user.home(), std::vector<std::string>{SCONE_PROGRAM, "self", "show-key-hash"},
            user.environment()));
    std::set<std::string> hashes;
    for (auto& program : programs) {
        Ended ended = program->wait();
        EXPECT_EQ(ended.code, 0) << ended.err;
        hashes.insert(ended.out);
    }
    EXPECT_EQ(hashes.size(), 1u);
}

TEST_F(CasCommand, SelfShowsOneIdentityInAllForms) {
    auto certificate = user.scone({"self", "show-certificate"}).out;
    auto file = write_text(folder.path() / "own.crt", certificate);
    auto hash = user.scone({"self", "show-key-hash"}).out;
    EXPECT_EQ(user.scone({"cert", "show-key-hash", file}).out, hash);
    EXPECT_EQ(user.scone({"cert", "show-key-hash", "/etc/hostname"}).code, 3);
    auto signing = user.scone({"self", "show-session-signing-key"}).out;
    EXPECT_THAT(signing, testing::StartsWith("-----BEGIN PUBLIC KEY-----\n"));
    auto all = user.scone({"self", "show"}).out;
    for (const std::string& part : {certificate, hash, signing})
        EXPECT_THAT(all, HasSubstr(part));
    // The way scripts take the identity out, for curl.
    auto json = text::parse_json(config());
    ASSERT_TRUE(json);
    auto pem = write_text(folder.path() / "client.pem", *json->find_string("identity"));
    EXPECT_EQ(user.scone({"self", "show-key-hash", "--identity", pem}).out, hash);
    EXPECT_NE(user.scone({"self", "show-key-hash", "-c", folder.path() / "other.json"}).out, hash);
}

}  // namespace
}  // namespace scone::test
