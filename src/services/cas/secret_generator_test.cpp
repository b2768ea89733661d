#include "services/cas/secret_generator.h"

#include <gtest/gtest.h>

#include <ctime>
#include <set>

#include "lib/crypto/x509.h"
#include "lib/policy/session_parser.h"

namespace scone::cas {
namespace {

using crypto::Certificate;

policy::Session parse(const std::string& secrets) {
    auto session = policy::parse("name: s\nversion: \"0.3.11\"\nsecrets:\n" + secrets);
    for (const auto& error : session ? policy::Diagnostics{} : session.error())
        ADD_FAILURE() << to_string(error);
    return session ? std::move(*session) : policy::Session{};
}

text::Outcome<SecretValues> generate(const policy::Session& session,
                                     const SessionRecord* before = nullptr) {
    auto nothing = [](std::string_view) -> const policy::SecretValue* { return nullptr; };
    return generate_secrets({session, before, nothing, std::time(nullptr)});
}

Certificate certificate_of(const policy::SecretValue& value) {
    return Certificate::from_der(value.bytes).value();
}

TEST(SecretGenerator, TextAndBytesHaveTheirSize) {
    auto values =
        generate(parse("  - {name: a, kind: ascii, size: 300}\n"
                       "  - {name: b, kind: binary, size: 32}\n"
                       "  - {name: c, kind: ascii}\n"));
    ASSERT_TRUE(values) << values.error().what;
    const std::string& text = values->at("a").text;
    EXPECT_EQ(text.size(), 300u);
    for (char c : text)
        EXPECT_TRUE(c >= '!' && c <= '~');
    EXPECT_GT(std::set<char>(text.begin(), text.end()).size(), 40u);
    EXPECT_EQ(values->at("b").bytes.size(), 32u);
    EXPECT_EQ(values->at("c").text.size(), 20u);
}

TEST(SecretGenerator, ExplicitValuesAreTaken) {
    auto values =
        generate(parse("  - {name: a, kind: ascii, value: hello}\n"
                       "  - {name: b, kind: binary, value: 00ff}\n"));
    ASSERT_TRUE(values);
    EXPECT_EQ(values->at("a").text, "hello");
    EXPECT_EQ(values->at("b").bytes, (std::vector<uint8_t>{0, 0xff}));
    auto session = parse("  - {name: k, kind: private-key}\n");
    session.secrets[0].value = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    auto key = generate(session);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().exit_code, text::ExitCode::InvalidInput);
}

TEST(SecretGenerator, CertificatesFormAChain) {
    auto values = generate(parse(
        "  - {name: leaf, kind: x509, private_key: leaf-key, issuer: middle, endpoint: server, "
        "dns: [api, localhost], valid_for: 90 days}\n"
        "  - {name: middle, kind: x509-ca, private_key: ca-key, issuer: root}\n"
        "  - {name: root, kind: x509-ca, private_key: ca-key, common_name: Root}\n"
        "  - {name: ca-key, kind: private-key}\n"
        "  - {name: leaf-key, kind: private-key, key_type: P-384}\n"
        "  - {name: public, kind: public-key, private_key: leaf-key}\n"));
    ASSERT_TRUE(values) << values.error().what;
    Certificate leaf = certificate_of(values->at("leaf"));
    Certificate middle = certificate_of(values->at("middle"));
    Certificate root = certificate_of(values->at("root"));
    EXPECT_EQ(root.subject_common_name(), "Root");
    EXPECT_EQ(leaf.dns_names(), (std::vector<std::string>{"api", "localhost"}));
    EXPECT_EQ(values->at("leaf").chain.size(), 2u);
    EXPECT_TRUE(crypto::verify_path(leaf, {{middle}}, {{root}}, std::time(nullptr),
                                    crypto::ExtendedUse::Server));
    EXPECT_FALSE(crypto::verify_path(leaf, {{middle}}, {{root}},
                                     std::time(nullptr) + 91 * 24 * 3600,
                                     crypto::ExtendedUse::Server));
    EXPECT_EQ(values->at("public").bytes, leaf.public_key()->spki_der().value());
}

TEST(SecretGenerator, RefusesWhatDoesNotFit) {
    auto session = parse(
        "  - {name: k, kind: private-key}\n"
        "  - {name: a, kind: x509-ca, private_key: k}\n"
        "  - {name: b, kind: x509-ca, private_key: k, issuer: a}\n");
    session.secrets[1].issuer = "b";
    auto circle = generate(session);
    EXPECT_FALSE(circle);
    auto made =
        generate(parse("  - {name: k, kind: private-key}\n"
                       "  - {name: c, kind: x509, private_key: k}\n"));
    ASSERT_TRUE(made);
    std::string pem = certificate_of(made->at("c")).pem().value();
    std::string indented;
    for (char c : pem)
        indented += c == '\n' ? "\n      " : std::string(1, c);
    auto pair =
        generate(parse("  - {name: k, kind: private-key}\n"
                       "  - name: c\n    kind: x509\n    private_key: k\n    value: |\n"
                       "      " +
                       indented + "\n"));
    ASSERT_FALSE(pair);
    EXPECT_NE(pair.error().what.find("do not belong together"), std::string::npos);
}

TEST(SecretGenerator, KeepsGeneratedValuesAsTheLanguageSays) {
    SessionRecord before;
    before.session = parse(
        "  - {name: text, kind: ascii}\n"
        "  - {name: resized, kind: binary, size: 8}\n"
        "  - {name: moves, kind: private-key, migrate: true}\n"
        "  - {name: stays, kind: private-key}\n"
        "  - {name: cert, kind: x509, private_key: moves}\n");
    before.values = generate(before.session).value();
    policy::Session after = parse(
        "  - {name: text, kind: ascii}\n"
        "  - {name: resized, kind: binary, size: 9}\n"
        "  - {name: moves, kind: private-key, migrate: true}\n"
        "  - {name: stays, kind: private-key}\n"
        "  - {name: cert, kind: x509, private_key: moves}\n");
    auto values = generate(after, &before);
    ASSERT_TRUE(values) << values.error().what;
    EXPECT_EQ(values->at("text").text, before.values.at("text").text);
    EXPECT_EQ(values->at("resized").bytes.size(), 9u);
    EXPECT_EQ(values->at("moves").bytes, before.values.at("moves").bytes);
    EXPECT_NE(values->at("stays").bytes, before.values.at("stays").bytes);
    EXPECT_NE(values->at("cert").bytes, before.values.at("cert").bytes);
}

TEST(SecretGenerator, OldCertificatesNeedNothingButTheirName) {
    auto session =
        policy::parse("name: s\nversion: \"0.2\"\nsecrets:\n  - {name: c, kind: x509}\n");
    ASSERT_TRUE(session);
    auto values = generate(*session);
    ASSERT_TRUE(values) << values.error().what;
    EXPECT_FALSE(values->at("c").private_key.empty());
    EXPECT_EQ(values->at("c").chain.size(), 1u);
}

TEST(SecretGenerator, RenewsOnlyCertificatesNearTheirEnd) {
    SessionRecord record;
    record.session = parse(
        "  - {name: text, kind: ascii}\n"
        "  - {name: k, kind: private-key}\n"
        "  - {name: short, kind: x509, private_key: k, valid_for: 30 days}\n"
        "  - {name: long, kind: x509, private_key: k}\n");
    record.values = generate(record.session).value();
    int64_t now = std::time(nullptr);
    int64_t later = now + 25 * 24 * 3600;
    EXPECT_FALSE(needs_renewal(record, now));
    EXPECT_TRUE(needs_renewal(record, later));
    auto nothing = [](std::string_view) -> const policy::SecretValue* { return nullptr; };
    auto values = generate_secrets({record.session, &record, nothing, later, Generation::Renewal});
    ASSERT_TRUE(values);
    EXPECT_EQ(values->at("text").text, record.values.at("text").text);
    EXPECT_EQ(values->at("k").bytes, record.values.at("k").bytes);
    EXPECT_EQ(values->at("long").bytes, record.values.at("long").bytes);
    EXPECT_TRUE(certificate_of(values->at("short")).valid_at(later + 29 * 24 * 3600));
}

TEST(SessionRecord, ComesBackAsItWas) {
    SessionRecord record;
    record.session = parse(
        "  - {name: k, kind: private-key}\n  - {name: c, kind: x509, private_key: "
        "k}\n  - {name: t, kind: ascii}\n");
    record.description = "name: s\nversion: \"0.3.11\"\n";
    record.values = generate(record.session).value();
    record.volume_keys.insert_or_assign(
        "v", VolumeKey(std::span<const uint8_t, 32>(crypto::sha256(base::as_bytes("v")))));
    record.updated = 7;
    auto decoded = decode_session_record("s", {3, encode(record)});
    ASSERT_TRUE(decoded) << decoded.error().what;
    EXPECT_EQ(decoded->version, 3u);
    EXPECT_EQ(decoded->updated, 7);
    EXPECT_EQ(decoded->values.at("t").text, record.values.at("t").text);
    EXPECT_EQ(decoded->values.at("c").private_key, record.values.at("c").private_key);
    EXPECT_TRUE(decoded->volume_keys.at("v") == record.volume_keys.at("v"));
    auto bytes = encode(record);
    for (size_t size = 0; size < bytes.size(); size += 7) {
        auto cut = decode_session_record("s", {3, crypto::SecretBytes(bytes.expose().first(size))});
        EXPECT_TRUE(!cut || cut->values.size() <= 3) << size;
    }
}

}  // namespace
}  // namespace scone::cas
