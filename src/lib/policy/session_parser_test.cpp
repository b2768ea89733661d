#include "lib/policy/session_parser.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "lib/policy/canonical_form.h"
#include "lib/policy/session_checks.h"

namespace scone::policy {
namespace {

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

std::vector<std::filesystem::path> real_policies() {
    std::vector<std::filesystem::path> out;
    for (const auto& entry : std::filesystem::directory_iterator(SCONE_POLICY_TESTDATA))
        out.push_back(entry.path());
    std::sort(out.begin(), out.end());
    return out;
}

ParseOptions with_variables() {
    ParseOptions options;
    options.variables = [](std::string_view name) -> std::optional<std::string> {
        if (name == "NAMESPACE")
            return "ns";
        return name == "SESSION" ? std::optional<std::string>("s") : std::nullopt;
    };
    return options;
}

std::string all(const Diagnostics& errors) {
    std::string out;
    for (const text::Diagnostic& error : errors)
        out += to_string(error) + "\n";
    return out;
}

std::string errors_of(std::string_view yaml) {
    auto session = parse(yaml);
    return session ? "accepted" : all(session.error());
}

constexpr std::string_view kMrenclave =
    "87f3e8e2a1bd7e5dd7c8df4aee38bf5de3f2aa4d7b7be25f6bd66b5b86d3ffee";

TEST(RealPolicies, AreAcceptedAndTheirCanonicalFormIsAFixedPoint) {
    auto policies = real_policies();
    ASSERT_GE(policies.size(), 13U);
    for (const auto& path : policies) {
        auto session = parse(read_file(path), with_variables());
        ASSERT_TRUE(session) << path << "\n" << all(session.error());
        std::string once = canonical(*session);
        auto again = parse(once);
        ASSERT_TRUE(again) << path << "\n" << all(again.error()) << once;
        EXPECT_EQ(canonical(*again), once) << path;
        EXPECT_EQ(hash_text(*again), hash_text(*session));
    }
}

TEST(RealPolicies, ConverterPolicyMeansWhatItSays) {
    auto path = std::filesystem::path(SCONE_POLICY_TESTDATA) / "converter_0_3_10.yml";
    auto session = parse(read_file(path), with_variables());
    ASSERT_TRUE(session) << all(session.error());
    EXPECT_EQ(session->name, "ns/s");
    EXPECT_FALSE(session->predecessor);
    const ServiceRule* service = session->find_service("svc");
    ASSERT_TRUE(service);
    EXPECT_EQ(service->command, (std::vector<std::string>{"python3", "/app/x.py"}));
    ASSERT_EQ(service->attestation.size(), 1U);
    EXPECT_EQ(service->attestation[0].mrenclaves->at(0)[0], 0x87);
    EXPECT_EQ(service->environment[0].name, "LD_LIBRARY_PATH");
    EXPECT_EQ(service->fspf_key->substr(0, 4), "0101");
    EXPECT_TRUE(session->security.ignore_all_advisories);
    EXPECT_TRUE(session->security.tolerates(Tolerance::InsecureIgpu));
    auto named = parse(read_file(path), {.name = "other", .variables = with_variables().variables});
    EXPECT_EQ(named->name, "other");
}

TEST(RealPolicies, HostVariablesAndNamelessEntries) {
    auto path = std::filesystem::path(SCONE_POLICY_TESTDATA) / "converter_0_3_11.yml";
    auto session = parse(read_file(path));
    ASSERT_TRUE(session) << all(session.error());
    const auto& environment = session->services[0].environment;
    ASSERT_EQ(environment.size(), 4U);
    EXPECT_EQ(environment[0].name, "CHAIN");
    EXPECT_EQ(environment[2].name, "SCONE_LAS_ADDR");
    EXPECT_TRUE(environment[2].from_host);
    EXPECT_EQ(session->services[0].attestation[0].mrenclaves->size(), 2U);
    // With or without a final line end, the signer is the same.
    EXPECT_EQ(session->access_policy.update->at(0).text,
              session->access_policy.create_sessions->at(0).text);
}

TEST(RealPolicies, OldLanguages) {
    auto dir = std::filesystem::path(SCONE_POLICY_TESTDATA);
    auto old = parse(read_file(dir / "old_0_2.yml"));
    ASSERT_TRUE(old) << all(old.error());
    EXPECT_TRUE(old->find_secret("SERVER_CERT")->implicit_key);
    EXPECT_EQ(old->find_secret("CA")->import->secret, "CA");
    EXPECT_EQ(old->find_secret("token")->exports[1].session, "third");
    EXPECT_EQ(old->find_secret("token")->exports[1].session_hash.substr(0, 2), "55");
    EXPECT_EQ(old->access_policy.read->at(0).kind, AccessRule::Kind::CertificateHash);
    auto first = parse(read_file(dir / "old_0_1.yml"));
    ASSERT_TRUE(first) << all(first.error());
    EXPECT_EQ(first->services[0].attestation.size(), 1U);
}

struct Refusal {
    const char* yaml;
    const char* errors;
};

// M stands for a measurement.
std::string filled(std::string_view yaml) {
    std::string out(yaml);
    for (size_t at; (at = out.find("%M")) != std::string::npos;)
        out.replace(at, 2, kMrenclave);
    return out;
}

class Refused : public testing::TestWithParam<Refusal> {};

TEST_P(Refused, WithPlaceAndReason) {
    EXPECT_EQ(errors_of(filled(GetParam().yaml)), GetParam().errors);
}

constexpr Refusal kStructure[] = {
    {"", "1:1: expected a mapping for the policy, got nothing\n"},
    {"- a\n", "1:1: expected a mapping for the policy, got a list\n"},
    {"version: '0.3'\n", "1:1: the policy has no 'name'\n"},
    {"name: a\nversion: 0.4\n",
     "2:10: expected a language version from 0.1 to 0.3.12, got '0.4'\n"},
    {"name: a\nversion: 0.3.13\n",
     "2:10: expected a language version from 0.1 to 0.3.12, got '0.3.13'\n"},
    {"name: a b\n",
     "1:7: expected a session name of [A-Za-z0-9_.~-] with '/' between namespaces, got 'a b'\n"},
    {"name: a//b\n",
     "1:7: expected a session name of [A-Za-z0-9_.~-] with '/' between namespaces, got 'a//b'\n"},
    {"name: a\nservces: []\n",
     "2:1: unknown key 'servces' in the policy (did you mean 'services'?)\n"},
    {"name: a\nwhatever: 1\n", "2:1: unknown key 'whatever' in the policy\n"},
    {"name: a\nnetwork: {}\n", "2:1: unknown key 'network' in the policy\n"},
    {"name: a\nservices: {}\n", "2:11: expected a list for 'services', got a mapping\n"},
    {"name: [a]\n", "1:7: expected a text for 'name', got a list\n"},
    {"name: a\nname: b\n", "2:1: key 'name' stands twice in one mapping\n"},
    {"name: &x a\n", "1:7: anchors (&name) are not accepted\n"},
    {"name: !cas a\n", "1:7: a tag has no meaning here: '!cas'\n"},
    {"name: a\npredecessor: 12\n", "2:14: expected 64 hex digits for 'predecessor', got '12'\n"},
    {"name: a\nversion: '0.3'\nsalt: \"000102030405060708090a0b0c0d0e0f\"\n",
     "3:1: 'salt' needs language version 0.3.12, the policy states 0.3 (write version: "
     "\"0.3.12\")\n"},
    {"name: a\nsecurity: {}\n",
     "2:1: 'security' needs language version 0.3.1, the policy states 0.1 (write version: "
     "\"0.3.1\")\n"},
    {"name: a\nboard_members: [x]\n",
     "2:16: approval boards are not supported (use 'require-at-least-N' with signers in "
     "'access_policy')\n"},
    {"name: a/b\nversion: 0.3.4\n",
     "1:7: a namespace in 'name' needs language version 0.3.5, the policy states 0.3.4\n"},
};

constexpr Refusal kServices[] = {
    {"name: a\nversion: 0.3\nservices:\n  - name: s\n    mrenclaves: [%M]\n    comand: x\n",
     "6:5: unknown key 'comand' in service (did you mean 'command'?)\n"},
    {"name: a\nversion: 0.3\nservices:\n  - name: s\n",
     "4:5: service 's' has no attestation, though the session's attestation mode is not none (add "
     "'mrenclaves' or 'attestation')\n"},
    {"name: a\nversion: 0.3\nservices:\n  - name: s\n    mrenclaves: [12]\n",
     "5:18: expected 64 hex digits for 'mrenclaves', got '12'\n"
     /* the measurement was refused, so the service is not checked any further */},
    {"name: a\nversion: 0.3\nservices:\n  - name: s\n    mrenclaves: [%M]\n    image_name: img\n"
     "images:\n  - name: imag\n",
     "6:17: image 'img' is used but not declared (did you mean 'imag'?)\n"},
    {"name: a\nversion: 0.3\nservices:\n  - name: s\n    mrenclaves: [%M]\n    command: \"a 'b\"\n",
     "6:14: a quote in 'command' is not closed\n"},
    {"name: a\nversion: 0.3\nservices:\n  - name: s\n    mrenclaves: [%M]\n"
     "    command: a $$SCONE::pw$$\n",
     "6:14: secret 'pw' is used but not declared\n"},
    {"name: a\nversion: 0.3\nservices:\n  - name: s\n    mrenclaves: [%M]\n"
     "    command: a $$SCONE::pw\n",
     "6:14: a $$SCONE:: is not closed by $$\n"},
    {"name: a\nversion: 0.3\nservices:\n  - name: s\n    mrenclaves: [%M]\n    command: a @@1 "
     "@@1\n",
     "6:14: host argument '@@1' stands twice\n"},
    {"name: a\nversion: 0.3\nservices:\n  - name: s\n    mrenclaves: [%M]\n    pwd: here\n",
     "4:5: expected an absolute path for 'pwd', got 'here'\n"},
    {"name: a\nversion: 0.3\nservices:\n  - name: s\n    mrenclaves: [%M]\n    fspf_path: /f\n",
     "4:5: 'fspf_path' and 'fspf_key' must stand together\n"
     "4:5: 'fspf_tag' may be absent only with 'fspf_update_policy: no_rollback_protection'\n"},
    {"name: a\nversion: 0.3\nservices:\n  - name: s\n    mrenclaves: [%M]\n"
     "    environment: {\"A=B\": c}\n",
     "6:19: the name of an environment variable contains '=' or NUL\n"},
    {"name: a\nversion: 0.3\nservices:\n  - name: s\n    mrenclaves: [%M]\n"
     "    environment: {A: [c]}\n",
     "6:22: expected a text for variable 'A', got a list\n"},
    {"name: a\nversion: 0.3\nservices:\n  - {name: s, mrenclaves: [%M]}\n  - {name: s, mrenclaves: "
     "[%M]}\n",
     "5:5: service 's' stands twice\n"},
    {"name: a\nversion: 0.3.6\nservices:\n  - name: s\n    attestation: {mrenclave: %M}\n",
     "5:5: 'attestation' needs language version 0.3.7, the policy states 0.3.6 (write version: "
     "\"0.3.7\")\n"},
    {"name: a\nversion: 0.3\nservices:\n  - name: s\n    attestation: {mrenclav: %M}\n",
     "5:18: an attestation variant names neither 'mrenclave' nor 'signer'\n"
     "5:19: unknown key 'mrenclav' in 'attestation' (did you mean 'mrenclave'?)\n"},
    {"name: a\nversion: 0.3\nservices:\n  - name: s\n    attestation: {signer: {mrsigner: %M, "
     "isvprodid: 1, isvsvn: 1, isvsvn_min: 1}}\n",
     "5:27: 'isvsvn' excludes 'isvsvn_min' and 'isvsvn_max'\n"},
    {"name: a\nversion: 0.3\nservices:\n  - name: s\n    mrenclaves: [%M]\n    persistency: Some\n",
     "6:18: 'persistency' may only be None\n"},
    {"name: a\nversion: 0.3\nservices:\n  - name: s\n    mrenclaves: [%M]\n"
     "    one_time_password_shared_secret: GEZDGNBV\n",
     "4:5: expected at least 128 bits in base32 for 'one_time_password_shared_secret'\n"},
};

constexpr Refusal kSecrets[] = {
    {"name: a\nversion: 0.3\nsecrets:\n  - {name: x, kind: asci}\n",
     "4:21: unknown value 'asci' for 'kind' (did you mean 'ascii'?)\n"},
    {"name: a\nversion: 0.3\nsecrets:\n  - {name: x}\n", "4:5: secret 'x' has no 'kind'\n"},
    {"name: a\nversion: 0.3\nsecrets:\n  - {kind: ascii}\n", "4:5: secret has no 'name'\n"},
    {"name: a\nversion: 0.3\nsecrets:\n  - {name: x, kind: ascii, sise: 3}\n",
     "4:28: unknown key 'sise' in secret (did you mean 'size'?)\n"},
    {"name: a\nversion: 0.3\nsecrets:\n  - {name: x, kind: ascii, size: 0}\n",
     "4:34: 'size' must be at least 1\n"},
    {"name: a\nversion: 0.3\nsecrets:\n  - {name: x, kind: ascii, size: -1}\n",
     "4:34: expected a number from 0 to 65536 for 'size', got '-1'\n"},
    {"name: a\nversion: 0.3\nsecrets:\n  - {name: x, kind: binary, value: 0g}\n",
     "4:36: expected hex digits for the value of a binary secret\n"},
    {"name: a\nversion: 0.3\nsecrets:\n  - {name: x, kind: x509}\n",
     "4:5: certificate 'x' needs a 'private_key'\n"},
    {"name: a\nversion: 0.3\nsecrets:\n  - {name: x, kind: x509, private_key: y}\n",
     "4:5: 'private_key' names 'y', which is not declared\n"},
    {"name: a\nversion: 0.3\nsecrets:\n  - {name: x, kind: x509, private_key: y}\n  - {name: y, "
     "kind: ascii}\n",
     "4:5: 'private_key' must name a secret of kind private-key, 'y' is of kind ascii\n"},
    {"name: a\nversion: 0.3\nsecrets:\n  - {name: k, kind: private-key}\n  - {name: x, kind: "
     "x509-ca, private_key: k, issuer: y}\n  - {name: y, kind: x509-ca, private_key: k, issuer: "
     "x}\n",
     "5:5: certificate 'x' is its own issuer (leave 'issuer' out for a self-signed certificate)\n"
     "6:5: certificate 'y' is its own issuer (leave 'issuer' out for a self-signed certificate)\n"},
    {"name: a\nversion: 0.3\nsecrets:\n  - {name: k, kind: private-key, value: nonsense}\n",
     "4:5: expected one PEM block 'PRIVATE KEY' as value of secret 'k'\n"},
    {"name: a\nversion: 0.3\nsecrets:\n  - {name: x, kind: public-key}\n",
     "4:21: kind 'public-key' needs language version 0.3.11, the policy states 0.3 (write version: "
     "\"0.3.11\")\n"},
    {"name: a\nversion: 0.3\nsecrets:\n  - {name: x, import: {session: a, secret: x}}\n",
     "4:23: a session cannot import from itself\n"},
    {"name: a\nversion: 0.3.10\nsecrets:\n  - {name: x, import: {session: ../../y, secret: x}}\n",
     "4:23: '../../y' leads above the root namespace\n"},
    {"name: a\nversion: 0.3.9\nsecrets:\n  - {name: x, import: {session: ../y, secret: x}}\n",
     "4:23: a relative session name needs language version 0.3.10, the policy states 0.3.9\n"},
    {"name: a\nversion: 0.3\nsecrets:\n  - {name: x, kind: ascii, export: {sesion: b}}\n",
     "4:36: expected either 'session' or 'namespace' in 'export'\n"
     "4:37: unknown key 'sesion' in 'export' (did you mean 'session'?)\n"},
    {"name: a\nversion: 0.3\nsecrets:\n  - {name: x, kind: x509-ca, valid_for: soon}\n",
     "4:41: expected a time span for 'valid_for', got 'soon' (for example \"90 days\", \"12h\", "
     "\"1 "
     "year\")\n"},
};

constexpr Refusal kTheRest[] = {
    {"name: a\nversion: 0.3\nvolumes:\n  - {name: v, fspf_tag: 02020202020202020202020202020202}\n",
     "4:5: 'fspf_tag' of a volume needs its 'fspf_key'\n"},
    {"name: a\nversion: 0.3\nvolumes:\n  - {name: v, import: {session: b}, export: c}\n",
     "4:5: an imported volume has neither 'fspf_key', 'fspf_tag' nor 'export'\n"},
    {"name: a\nversion: 0.3\nimages:\n  - {name: i, volumes: [{name: v, path: /x}]}\n",
     "4:25: volume 'v' is used but not declared\n"},
    {"name: a\nversion: 0.3\nimages:\n  - {name: i, injection_files: [etc/x]}\n",
     "4:33: expected an absolute path, got 'etc/x'\n"},
    {"name: a\nversion: 0.3.10\nimages:\n  - {name: i, injection_files: [{path: /x, permission: "
     "400}]}\n",
     "4:56: expected octal permissions up to 0o777, got '400' (for example permission: 0o400)\n"},
    {"name: a\naccess_policy:\n  read: [creator]\n",
     "3:10: expected CREATOR, ANY, NONE, a key hash, a certificate, a signer or a variable in "
     "'access_policy'\n"},
    {"name: a\naccess_policy:\n  read: [CREATR]\n",
     "3:10: expected CREATOR, ANY, NONE, a key hash, a certificate, a signer or a variable in "
     "'access_policy' (did you mean CREATOR?)\n"},
    {"name: a\naccess_policy:\n  read: [CREATOR, ANY]\n",
     "3:19: ANY and NONE must stand alone in their list\n"},
    {"name: a\naccess_policy:\n  raed: [CREATOR]\n",
     "3:3: unknown key 'raed' in 'access_policy' (did you mean 'read'?)\n"},
    {"name: a\nversion: 0.3.10\naccess_policy:\n  update: [{require-at-least-2: [CREATOR]}]\n",
     "4:13: the rule can never hold: it has too few members\n"},
    {"name: a\nversion: 0.3.10\naccess_policy: $$SCONE::x$$\n",
     "3:16: secret 'x' is used but not declared\n"},
    {"name: a\nversion: 0.3\nsecurity: {attestation: {tolerate: [hyperthread]}}\n",
     "3:37: unknown value 'hyperthread' for 'tolerate' (did you mean 'hyperthreading'?)\n"},
    {"name: a\nversion: 0.3\nsecurity: {attestation: {ignore_advisories: \"*\"}}\n",
     "3:45: ignore_advisories \"*\" is accepted only with debug-mode (name the advisories, or add "
     "'debug-mode' to 'tolerate')\n"},
    {"name: a\nversion: 0.3\nsecurity: {attestation: {ignore_advisories: [INTEL-SA-1]}}\n",
     "3:46: expected \"INTEL-SA-\" and five digits, or \"*\", in 'ignore_advisories', got "
     "'INTEL-SA-1'\n"},
    {"name: a\nversion: 0.3\nsecurity: {attestation: {mode: non}}\n",
     "3:32: unknown value 'non' for 'mode' (did you mean 'none'?)\n"},
    {"name: a\nversion: 0.3\nsecurity: {attestation: {mode: maa}}\n",
     "3:11: mode 'maa' needs 'url' and maa-managed-tcb in 'tolerate'\n"},
    {"name: a\nversion: 0.3.11\nsecurity: {attestation: {must_be_sgx_local: yes}}\n",
     "3:45: expected true or false for 'must_be_sgx_local', got 'yes'\n"},
    {"name: a\ncreator: me\n", "2:10: expected a certificate in PEM for 'creator'\n"},
    {"name: a\nversion: 0.3.10\nsecret_config: {store_in: elsewhere}\n",
     "3:27: expected '!cas' or '!akv {token, vault}' for 'store_in'\n"},
};

INSTANTIATE_TEST_SUITE_P(Structure, Refused, testing::ValuesIn(kStructure));
INSTANTIATE_TEST_SUITE_P(Services, Refused, testing::ValuesIn(kServices));
INSTANTIATE_TEST_SUITE_P(Secrets, Refused, testing::ValuesIn(kSecrets));
INSTANTIATE_TEST_SUITE_P(TheRest, Refused, testing::ValuesIn(kTheRest));

TEST(SessionParser, ManyErrorsComeSortedAndBounded) {
    std::string yaml = "name: a\nversion: 0.3\n";
    for (int i = 0; i < 1000; i++)
        yaml += "k" + std::to_string(i) + ": 1\n";
    auto session = parse(yaml);
    ASSERT_FALSE(session);
    EXPECT_EQ(session.error().size(), 50U);
    EXPECT_EQ(session.error().front().at, (text::Position{3, 1}));
}

TEST(SessionParser, HostileInputIsRefusedQuickly) {
    EXPECT_NE(errors_of(std::string(20000, '[')), "accepted");
    EXPECT_NE(errors_of(std::string(3 << 20, 'a')), "accepted");
    EXPECT_NE(errors_of("a: &a [x]\nb: &b [*a,*a]\nc: [*b,*b]\n"), "accepted");
    std::string rules = "name: a\nversion: 0.3.10\naccess_policy: {update: ";
    for (int i = 0; i < 40; i++)
        rules += "[{require-all: ";
    EXPECT_NE(errors_of(rules), "accepted");
    std::string secrets = "name: a\nversion: 0.3\nsecrets:\n";
    for (int i = 0; i < 10'001; i++)
        secrets += "- {name: s" + std::to_string(i) + "}\n";
    EXPECT_EQ(errors_of(secrets), "4:1: 'secrets' has more than 10000 members\n");
}

TEST(SessionParser, TemplateErrorsNameThePlace) {
    auto session = parse("version: '0.3'\n# x\nname: $SESSION\n",
                         {.name = std::nullopt, .variables = [](std::string_view) {
                              return std::optional<std::string>();
                          }});
    ASSERT_FALSE(session);
    EXPECT_EQ(session.error()[0].message,
              "Value for variable $SESSION is missing at line 3 column 7");
    EXPECT_EQ(session.error()[0].at, (text::Position{3, 7}));
}

TEST(SessionParser, AbsoluteNames) {
    EXPECT_EQ(absolute_session_name("x", "a/b"), "x");
    EXPECT_EQ(absolute_session_name(".", "a/b"), "a/b");
    EXPECT_EQ(absolute_session_name("./c", "a/b"), "a/b/c");
    EXPECT_EQ(absolute_session_name("..", "a/b"), "a");
    EXPECT_EQ(absolute_session_name("../c", "a/b"), "a/c");
    EXPECT_EQ(absolute_session_name("../../c", "a/b"), "c");
    EXPECT_EQ(absolute_session_name("../../..", "a/b"), std::nullopt);
    EXPECT_EQ(parent_of("a/b/c"), "a/b");
    EXPECT_EQ(parent_of("a"), "/");
    EXPECT_EQ(parent_of("/"), "");
    EXPECT_TRUE(is_session_name("/"));
    EXPECT_FALSE(is_session_name("a/../b"));
    EXPECT_FALSE(is_session_name(std::string(129, 'a')));
    EXPECT_FALSE(is_session_name("/a"));
}

TEST(SessionParser, FragmentsAreSplicedAndReadStrictly) {
    auto path = std::filesystem::path(SCONE_POLICY_TESTDATA) / "governance_child.yml";
    auto child = parse(read_file(path));
    ASSERT_TRUE(child) << all(child.error());
    auto parent = parse(read_file(path.parent_path() / "governance_namespace.yml"));
    ASSERT_TRUE(parent) << all(parent.error());
    FragmentLookup fragments = [&](std::string_view name) {
        const SecretRule* secret = parent->find_secret(name);
        return secret && secret->fragment ? &*secret->fragment : nullptr;
    };
    auto attestation = resolve_attestation(child->services[0], fragments);
    ASSERT_TRUE(attestation) << all(attestation.error());
    EXPECT_EQ(attestation->at(0).mrenclaves->size(), 2U);
    auto security = resolve_security(child->security, fragments);
    ASSERT_TRUE(security) << all(security.error());
    EXPECT_TRUE(security->tolerates(Tolerance::Hyperthreading));
    EXPECT_TRUE(child->access_policy.rules_for(Operation::Read).empty());
    auto access = resolve_access_policy(child->access_policy, fragments);
    ASSERT_TRUE(access) << all(access.error());
    EXPECT_EQ(access->rules_for(Operation::Read)[0].kind, AccessRule::Kind::Creator);
    FragmentLookup none = [](std::string_view) -> const text::Node* { return nullptr; };
    EXPECT_FALSE(resolve_attestation(child->services[0], none));
    EXPECT_FALSE(resolve_security(child->security, none));
    EXPECT_FALSE(resolve_access_policy(child->access_policy, none));
}

TEST(SessionParser, UnsupportedSecretsAreNamed) {
    auto path = std::filesystem::path(SCONE_POLICY_TESTDATA) / "all_parts_0_3_12.yml";
    auto session = parse(read_file(path));
    ASSERT_TRUE(session) << all(session.error());
    std::string refused;
    for (const auto& error : unsupported_secrets(*session))
        refused += error.message + "\n";
    EXPECT_EQ(refused,
              "secret 'gpg': kind pgp-key is not supported yet\n"
              "secret 'aad': kind aad-token is not supported yet\n"
              "secret 'vaulted': import from Azure Key Vault is not supported yet\n"
              "secret 'tok': kind jwt is not supported yet\n"
              "secret 'remote': sharing with another CAS is not supported yet\n"
              "secret 'shared': sharing with another CAS is not supported yet\n");
}

}  // namespace
}  // namespace scone::policy
