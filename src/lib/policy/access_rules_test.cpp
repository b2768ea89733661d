#include "lib/policy/access_rules.h"

#include <gtest/gtest.h>

#include "lib/crypto/x509.h"
#include "lib/policy/key_hash.h"
#include "lib/policy/session_parser.h"
#include "lib/text/base64.h"
#include "lib/text/yaml.h"

namespace scone::policy {
namespace {

constexpr const char* kHash = "3s1pm8W6Be6cxvAQRbRP5YXd9YuERAr7KswN97uGtoPkRW87x1";
constexpr const char* kSigner =
    "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
    "-----END PUBLIC KEY-----\n";

std::vector<AccessRule> rules_of(std::string_view yaml) {
    auto node = text::parse_yaml(yaml);
    EXPECT_TRUE(node);
    auto rules = parse_access_rules(*node);
    EXPECT_TRUE(rules) << to_string(rules.error()[0]);
    return rules ? *rules : std::vector<AccessRule>();
}

bool granted(std::string_view yaml, const Caller& caller, const RuleLookup& lookup = {}) {
    return evaluate(rules_of(yaml), caller, lookup).granted;
}

TEST(AccessRules, EachKindMatchesOnlyItsOwn) {
    Caller nobody;
    Caller creator;
    creator.is_creator = true;
    Caller holder;
    holder.key_hash = kHash;
    EXPECT_TRUE(granted("ANY", nobody));
    EXPECT_FALSE(granted("NONE", creator));
    EXPECT_FALSE(granted("[]", creator));
    EXPECT_TRUE(granted("[CREATOR]", creator));
    EXPECT_FALSE(granted("[CREATOR]", holder));
    EXPECT_TRUE(granted(std::string("[CREATOR, ") + kHash + "]", holder));
    EXPECT_FALSE(granted(std::string("[") + kHash + "]", nobody));
    Caller old;
    old.certificate_hash = certificate_hash("pem");
    EXPECT_TRUE(granted("[" + certificate_hash("pem") + "]", old));
    EXPECT_FALSE(granted("[" + certificate_hash("other") + "]", old));
}

TEST(AccessRules, CertificatesCountByTheirKey) {
    auto key = crypto::PrivateKey::generate(crypto::NewKey::P256);
    ASSERT_TRUE(key);
    crypto::CertificateSpec spec;
    spec.common_name = "client";
    spec.not_before = 0;
    spec.not_after = 4'000'000'000;
    auto certificate = crypto::make_self_signed(spec, *key);
    ASSERT_TRUE(certificate);
    std::string pem = *certificate->pem();
    Caller caller;
    caller.key_hash = *key_hash_of_certificate(pem);
    EXPECT_TRUE(is_key_hash(caller.key_hash));
    EXPECT_EQ(caller.key_hash, key_hash_of_public_key(*key->public_key()->spki_pem()));
    text::Node list = text::Node::sequence().add(text::Node::scalar(pem));
    auto rules = parse_access_rules(list);
    ASSERT_TRUE(rules) << to_string(rules.error()[0]);
    EXPECT_TRUE(evaluate(*rules, caller, {}).granted);
    caller.key_hash = kHash;
    EXPECT_FALSE(evaluate(*rules, caller, {}).granted);
}

TEST(AccessRules, SignersAndQuorums) {
    std::string text = text::to_base58check(kSignerKeyVersion, std::vector<uint8_t>(32, 9));
    Caller one;
    one.signer_key_hashes = {*key_hash_of_signer(kSigner)};
    Caller both = one;
    both.signer_key_hashes.push_back(*key_hash_of_signer(text));
    std::string yaml = "[{require-all: [{signer: " + text + "}, {signer: \"";
    for (const char* c = kSigner; *c; c++)
        yaml += *c == '\n' ? "\\n" : std::string(1, *c);
    std::string all = yaml + "\"}]}]";
    EXPECT_FALSE(granted(all, one));
    EXPECT_TRUE(granted(all, both));
    std::string some = all;
    some.replace(some.find("require-all"), 11, "require-at-least-1");
    EXPECT_TRUE(granted(some, one));
    EXPECT_FALSE(granted(some, {}));
}

TEST(AccessRules, VariablesAreLookedUpAndNeverGrantByThemselves) {
    Caller creator;
    creator.is_creator = true;
    RuleLookup lookup = [&](std::string_view name) -> std::optional<std::vector<AccessRule>> {
        if (name == "rules")
            return rules_of("[CREATOR]");
        return name == "loop" ? std::optional(rules_of("[$$SCONE::loop$$]")) : std::nullopt;
    };
    EXPECT_TRUE(granted("[$$SCONE::rules$$]", creator, lookup));
    EXPECT_FALSE(granted("[$$SCONE::loop$$]", creator, lookup));
    auto verdict = evaluate(rules_of("[$$SCONE::absent$$]"), creator, lookup);
    EXPECT_FALSE(verdict.granted);
    ASSERT_EQ(verdict.notes.size(), 1U);
    EXPECT_EQ(verdict.notes[0], "variable $$SCONE::absent$$ has no usable value");
    EXPECT_FALSE(granted("[$$SCONE::rules$$]", creator));
}

TEST(AccessRules, DefaultsOfTheOperations) {
    AccessPolicy policy;
    EXPECT_EQ(policy.rules_for(Operation::Read)[0].kind, AccessRule::Kind::Creator);
    EXPECT_EQ(policy.rules_for(Operation::CreateSessions)[0].kind, AccessRule::Kind::Creator);
    policy.update = rules_of("NONE");
    policy.read = rules_of("ANY");
    EXPECT_EQ(policy.rules_for(Operation::CreateSessions)[0].kind, AccessRule::Kind::None);
    EXPECT_EQ(policy.rules_for(Operation::ListSessions)[0].kind, AccessRule::Kind::Any);
    policy.variable = "$$SCONE::x$$";
    EXPECT_TRUE(policy.rules_for(Operation::Read).empty());
}

TEST(KeyHash, IsBase58CheckOfTheKeysSha256) {
    std::string hash = key_hash_of_spki(std::vector<uint8_t>{1, 2, 3});
    auto payload = text::from_base58check(hash);
    ASSERT_TRUE(payload);
    EXPECT_EQ(payload->version, 1);
    EXPECT_EQ(payload->bytes[0], 0x03);  // SHA-256 of 010203 is 039058c6...
    EXPECT_EQ(payload->bytes[1], 0x90);
    EXPECT_TRUE(is_key_hash(kHash));
    EXPECT_FALSE(is_key_hash("CREATOR"));
    EXPECT_FALSE(key_hash_of_signer("CREATOR"));
    EXPECT_FALSE(key_hash_of_signer(kHash));
    EXPECT_FALSE(key_hash_of_certificate(kSigner));
    EXPECT_EQ(certificate_hash(""),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace scone::policy
