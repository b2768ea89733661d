#include "lib/policy/canonical_form.h"

#include <gtest/gtest.h>

#include "lib/policy/session_parser.h"

namespace scone::policy {
namespace {

Session session_of(std::string_view yaml) {
    auto session = parse(yaml);
    EXPECT_TRUE(session) << to_string(session.error()[0]) << "\n" << yaml;
    return session ? *session : Session();
}

std::string hash_of(std::string_view yaml) {
    return hash_text(session_of(yaml));
}

constexpr std::string_view kPlain = R"(name: a
version: "0.3"
services:
  - name: s
    mrenclaves: [87f3e8e2a1bd7e5dd7c8df4aee38bf5de3f2aa4d7b7be25f6bd66b5b86d3ffee]
    command: app x
    environment: {A: 1, B: "2"}
)";

TEST(CanonicalForm, IsReadable) {
    EXPECT_EQ(canonical(session_of(kPlain)), R"(---
version: "0.3"
name: "a"
predecessor: ~
services:
  - name: "s"
    mrenclaves:
      - "87f3e8e2a1bd7e5dd7c8df4aee38bf5de3f2aa4d7b7be25f6bd66b5b86d3ffee"
    command:
      - "app"
      - "x"
    environment:
      A: "1"
      B: "2"
    pwd: "/"
access_policy:
  read:
    - CREATOR
  update:
    - CREATOR
)");
    EXPECT_EQ(hash_of(kPlain), "c37e7527b15a7ea4e17f8e645d74508a3a34ad9b240bcd81c9041f49f4f014ae");
}

TEST(CanonicalForm, SpellingDoesNotChangeIt) {
    for (std::string_view same : {R"(# a comment
version: 0.3
services: [{environment: {B: 2, A: "1"}, command: [app, x], name: s, pwd: /, mrenclaves:
  87F3E8E2A1BD7E5DD7C8DF4AEE38BF5DE3F2AA4D7B7BE25F6BD66B5B86D3FFEE, persistency: None}]
name: 'a'
predecessor: ~
secrets: []
access_policy: {read: CREATOR, create_sessions: [CREATOR]}
security: {attestation: {mode: hardware, tolerate: ~, url: }}
board_members: []
)",
                                  R"({"name": "a", "version": "0.3", "services": [{"name": "s",
 "attestation": [{"mrenclave": ["87f3e8e2a1bd7e5dd7c8df4aee38bf5de3f2aa4d7b7be25f6bd66b5b86d3ffee"]}],
 "command": "  'app'   x ", "environment": ["A=1", "B=2"]}]})"})
        EXPECT_EQ(hash_of(same), hash_of(kPlain));
}

TEST(CanonicalForm, EveryMeaningChangesIt) {
    std::vector<std::pair<std::string, std::string>> changes{
        {"name: a", "name: b"},  {"\"0.3\"", "\"0.3.1\""}, {"87f3", "87f4"},
        {"app x", "app y"},      {"A: 1", "A: 2"},         {"A: 1", "C: 1"},
        {"A: 1", "A: 1, C: ''"}, {"app x", "app 'x '"},
    };
    for (const char* added :
         {"predecessor: 1111111111111111111111111111111111111111111111111111111111111111\n",
          "secrets: [{name: x, kind: ascii}]\n", "access_policy: {read: ANY}\n",
          "access_policy: {create_sessions: NONE}\n", "volumes: [{name: v}]\n",
          "images: [{name: i}]\n", "security: {singleton_enclaves: true}\n",
          "security: {attestation: {tolerate: [debug-mode]}}\n", "creator: {signer: x}\n"})
        changes.emplace_back("name: a\n", "name: a\n" + std::string(added));
    std::vector<std::string> seen{hash_of(kPlain)};
    for (const auto& [from, to] : changes) {
        std::string changed(kPlain);
        changed.replace(changed.find(from), from.size(), to);
        std::string hash = hash_of(changed);
        EXPECT_EQ(std::count(seen.begin(), seen.end(), hash), 0) << to;
        seen.push_back(hash);
    }
}

TEST(CanonicalForm, SecretsThatAreGivenCountGeneratedOnesDoNot) {
    std::string given = "name: a\nversion: 0.3\nsecrets: [{name: x, kind: ascii, value: v}]\n";
    std::string other = "name: a\nversion: 0.3\nsecrets: [{name: x, kind: ascii, value: w}]\n";
    EXPECT_NE(hash_of(given), hash_of(other));
    std::string salted = "name: a\nversion: 0.3.12\nsalt: 000102030405060708090a0b0c0d0e0f\n";
    std::string unsalted = "name: a\nversion: 0.3.12\n";
    EXPECT_NE(hash_of(salted), hash_of(unsalted));
}

TEST(CanonicalForm, CreatorIsPartOfIt) {
    Session session = session_of(kPlain);
    EXPECT_TRUE(needs_creator(session));
    std::string before = hash_text(session);
    session.creator = Creator{Creator::Kind::Certificate,
                              "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"};
    EXPECT_FALSE(needs_creator(session));
    EXPECT_NE(hash_text(session), before);
    EXPECT_EQ(hash_of(canonical(session)), hash_text(session));
    EXPECT_FALSE(needs_creator(session_of("name: a\naccess_policy: {read: ANY, update: NONE}\n")));
}

TEST(CanonicalForm, OddTextsSurvive) {
    for (std::string_view text : {"",
                                  " ",
                                  "~",
                                  "null",
                                  "true",
                                  "- x",
                                  "a: b",
                                  "#x",
                                  "a\nb",
                                  "a\nb\n",
                                  "\n",
                                  "a\n\n",
                                  " a\nb",
                                  "a \nb",
                                  "\ta\nb",
                                  "é\n\xE2\x80\xA8x",
                                  "\"'\\",
                                  "a\r\nb",
                                  "%x",
                                  "@x",
                                  "`x",
                                  "--- \n...",
                                  "\xEF\xBB\xBFx\ny",
                                  "\xF0\x9F\x98\x80"}) {
        Session session = session_of(kPlain);
        session.services[0].environment[0].value = text;
        session.services[0].command = {std::string(text), "x"};
        auto again = parse(canonical(session));
        ASSERT_TRUE(again) << to_string(again.error()[0]) << canonical(session);
        EXPECT_EQ(again->services[0].environment[0].value, text);
        EXPECT_EQ(again->services[0].command[0], text);
        EXPECT_EQ(canonical(*again), canonical(session));
    }
}

}  // namespace
}  // namespace scone::policy
