#include "lib/policy/variables.h"

#include <gtest/gtest.h>
#include <openssl/pkcs12.h>

#include <map>

#include "lib/crypto/x509.h"
#include "lib/policy/service_configuration.h"
#include "lib/policy/session_parser.h"
#include "lib/text/pem.h"

namespace scone::policy {
namespace {

SecretValue text_value(std::string text) {
    SecretValue value;
    value.text = std::move(text);
    return value;
}

SecretValue bytes_value(SecretKind kind, std::vector<uint8_t> bytes) {
    SecretValue value;
    value.kind = kind;
    value.bytes = std::move(bytes);
    return value;
}

std::map<std::string, SecretValue, std::less<>> secrets() {
    std::map<std::string, SecretValue, std::less<>> out;
    out["pw"] = text_value("a\"b\\$$SCONE::key$$");
    out["key"] = bytes_value(SecretKind::Binary, {0xfb, 0xff, 0x00});
    out["key32"] = bytes_value(SecretKind::Binary, std::vector<uint8_t>(32, 7));
    SecretValue certificate = bytes_value(SecretKind::X509, {1, 2, 3});
    certificate.chain = {{4}, {5}};
    out["crt"] = certificate;
    certificate.private_key = {6};
    out["full"] = certificate;
    return out;
}

std::string put(std::string_view text, Content content = Content::Text) {
    auto known = secrets();
    auto out = substitute(
        text,
        [&](std::string_view name) {
            auto found = known.find(name);
            return found == known.end() ? nullptr : &found->second;
        },
        content);
    return out ? *out : "error at " + std::to_string(out.error().offset) + ": " + out.error().what;
}

TEST(Variables, AreFoundWithFormatAndEncoding) {
    auto found = find_placeholders("x $$SCONE::a:pkcs8:pem$$$$SCONE::b.c|escape(json)$$ $$ $x");
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 2U);
    EXPECT_EQ((*found)[0].offset, 2U);
    EXPECT_EQ((*found)[0].secret, "a");
    EXPECT_EQ((*found)[0].format, "pkcs8:pem");
    EXPECT_EQ((*found)[1].secret, "b.c");
    EXPECT_EQ((*found)[1].encoding, Encoding::EscapeJson);
    EXPECT_TRUE(whole_placeholder("$$SCONE::a$$"));
    EXPECT_FALSE(whole_placeholder("$$SCONE::a$$ "));
    EXPECT_FALSE(whole_placeholder("a"));
}

TEST(Variables, MalformedOnesAreErrors) {
    for (const char* bad : {"$$SCONE::", "$$SCONE::a", "$$SCONE::$$", "$$SCONE::a b$$",
                            "$$SCONE::a:$$", "$$SCONE::a|rot13$$", "$$SCONE::a|$$"})
        EXPECT_FALSE(find_placeholders(bad)) << bad;
    EXPECT_EQ(find_placeholders("ab $$SCONE::a").error().offset, 3U);
    EXPECT_FALSE(find_placeholders("$$SCONE::" + std::string(1000, 'a') + "$$"));
}

TEST(Variables, ValuesArePutInOnceAndEncoded) {
    EXPECT_EQ(put("no variable, $$ and $x"), "no variable, $$ and $x");
    EXPECT_EQ(put("<$$SCONE::pw$$>"), "<a\"b\\$$SCONE::key$$>");
    EXPECT_EQ(put("$$SCONE::pw|escape(json)$$"), "a\\\"b\\\\$$SCONE::key$$");
    EXPECT_EQ(put("$$SCONE::key:hex$$$$SCONE::key:base64$$"), "fbff00+/8A");
    EXPECT_EQ(put("$$SCONE::key:base64url$$"), "-_8A");
    EXPECT_EQ(put("$$SCONE::key:base32$$ $$SCONE::key:base32nopad$$"), "7P7QA=== 7P7QA");
    EXPECT_EQ(put("$$SCONE::key$$", Content::Bytes), std::string("\xfb\xff\0", 3));
    EXPECT_EQ(put("$$SCONE::crt$$"), text::to_pem("CERTIFICATE", std::vector<uint8_t>{1, 2, 3}));
    EXPECT_EQ(put("$$SCONE::crt:chain$$"),
              text::to_pem("CERTIFICATE", std::vector<uint8_t>{4}) +
                  text::to_pem("CERTIFICATE", std::vector<uint8_t>{5}));
    EXPECT_EQ(put("$$SCONE::full:privatekey$$"),
              text::to_pem("PRIVATE KEY", std::vector<uint8_t>{6}));
    EXPECT_EQ(put("$$SCONE::key.hex$$"), "fbff00");  // language 0.2
}

TEST(Variables, Pkcs12HoldsCertificateAndKey) {
    auto key = crypto::PrivateKey::generate(crypto::NewKey::P256);
    ASSERT_TRUE(key);
    crypto::CertificateSpec spec;
    spec.common_name = "x";
    spec.not_after = 4'000'000'000;
    auto certificate = crypto::make_self_signed(spec, *key);
    ASSERT_TRUE(certificate);
    SecretValue value = bytes_value(SecretKind::X509, *certificate->der());
    auto without_key = render(value, "pkcs12-with-private-key");
    EXPECT_FALSE(without_key);
    auto pkcs8 = key->pkcs8_der();
    value.private_key.assign(pkcs8->expose().begin(), pkcs8->expose().end());
    value.chain = {value.bytes};
    auto file = render(value, "pkcs12-with-private-key");
    ASSERT_TRUE(file) << file.error();
    const auto* at = reinterpret_cast<const unsigned char*>(file->data());
    PKCS12* parsed = d2i_PKCS12(nullptr, &at, static_cast<long>(file->size()));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(PKCS12_verify_mac(parsed, "", 0), 1);
    EXPECT_EQ(PKCS12_verify_mac(parsed, "wrong", 5), 0);
    PKCS12_free(parsed);
    value.bytes = {1, 2, 3};
    EXPECT_FALSE(render(value, "pkcs12-with-private-key"));
}

TEST(Variables, WhatCannotBePutInSaysWhy) {
    EXPECT_EQ(put("ab$$SCONE::nope$$"), "error at 2: there is no secret 'nope'");
    EXPECT_EQ(put("$$SCONE::key$$"),
              "error at 0: malformed UTF-8 or NUL after value replacement of secret 'key', use "
              ":hex or :base64");
    EXPECT_EQ(put("$$SCONE::pw:hex$$"),
              "error at 0: a secret of kind ascii has no format 'hex', its formats are none");
    EXPECT_EQ(put("$$SCONE::key:crt$$"),
              "error at 0: a secret of kind binary has no format 'crt', its formats are :bin, "
              ":hex, :base64, :base64url, :base32, :base32nopad");
    EXPECT_EQ(put("$$SCONE::crt:privatekey$$"),
              "error at 0: the certificate's private key is not available here");
}

TEST(Variables, ResultIsBounded) {
    std::map<std::string, SecretValue, std::less<>> one;
    one["a"] = text_value(std::string(60'000, 'x'));
    std::string text;
    for (int i = 0; i < 20'000; i++)
        text += "$$SCONE::a$$";
    EXPECT_FALSE(substitute(text, [&](std::string_view) { return &one["a"]; }, Content::Text));
}

constexpr std::string_view kPolicy = R"(
name: s
version: "0.3.11"
services:
  - name: app
    image_name: img
    mrenclaves: [87f3e8e2a1bd7e5dd7c8df4aee38bf5de3f2aa4d7b7be25f6bd66b5b86d3ffee]
    command: app "--pw=$$SCONE::pw$$" @@2 @@x
    environment: {A: "$$SCONE::key:hex$$", "@@B": x}
    pwd: /w
    fspf_path: /f
    fspf_key: $$SCONE::key32$$
    fspf_tag: 02020202020202020202020202020202
  - name: other
    mrenclaves: [87f3e8e2a1bd7e5dd7c8df4aee38bf5de3f2aa4d7b7be25f6bd66b5b86d3ffee]
    command: other $$SCONE::key$$
    fspf_path: /f
    fspf_key: $$SCONE::key$$
    fspf_tag: 02020202020202020202020202020202
secrets:
  - {name: pw, kind: ascii}
  - {name: key, kind: binary}
  - {name: key32, kind: binary, size: 32}
volumes: [{name: v}]
images:
  - name: img
    volumes: [{name: v, path: /v, update_policy: ephemeral}]
    injection_files:
      - /t
      - {path: /c, permission: 0o440, content: "k=$$SCONE::key$$"}
    provide_secrets: [pw]
)";

TEST(ServiceConfiguration, IsWhatThePolicySays) {
    auto session = parse(kPolicy);
    ASSERT_TRUE(session) << to_string(session.error()[0]);
    auto known = secrets();
    SecretLookup lookup = [&](std::string_view name) { return &known.find(name)->second; };
    auto out = configure(*session, session->services[0], lookup);
    ASSERT_TRUE(out) << to_string(out.error()[0]);
    ASSERT_EQ(out->arguments.size(), 4U);
    EXPECT_EQ(out->arguments[1].text, "--pw=a\"b\\$$SCONE::key$$");
    EXPECT_EQ(out->arguments[2].host_index, 2U);
    EXPECT_EQ(out->arguments[3].text, "@@x");
    EXPECT_EQ(out->environment[0].value, "fbff00");
    EXPECT_TRUE(out->environment[1].from_host);
    EXPECT_EQ(out->environment[1].name, "B");
    EXPECT_EQ(out->pwd, "/w");
    EXPECT_EQ(out->fspf->key[31], 7);
    EXPECT_EQ(out->fspf->tag->at(0), 2);
    ASSERT_EQ(out->files.size(), 2U);
    EXPECT_FALSE(out->files[0].content);
    EXPECT_EQ(*out->files[1].content, std::string("k=\xfb\xff\0", 5));
    EXPECT_EQ(out->files[1].permission, 0440U);
    EXPECT_EQ(out->mounts[0].update, VolumeUpdate::Ephemeral);
    EXPECT_EQ(out->provided_secrets, (std::vector<std::string>{"pw"}));
    EXPECT_EQ(out->template_secrets, (std::vector<std::string>{"pw"}));
}

TEST(ServiceConfiguration, ErrorsNameThePlaceAndNoValue) {
    auto session = parse(kPolicy);
    auto known = secrets();
    SecretLookup lookup = [&](std::string_view name) { return &known.find(name)->second; };
    auto out = configure(*session, session->services[1], lookup);
    ASSERT_FALSE(out);
    ASSERT_EQ(out.error().size(), 1U);
    EXPECT_EQ(to_string(out.error()[0]),
              "16:14: command: malformed UTF-8 or NUL after value replacement of secret 'key', use "
              ":hex or :base64");
}

}  // namespace
}  // namespace scone::policy
