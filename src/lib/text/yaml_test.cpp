#include "lib/text/yaml.h"

#include <gtest/gtest.h>

#include "lib/text/template.h"

namespace scone::text {
namespace {

std::string error_of(std::string_view text, const YamlOptions& options = {}) {
    auto node = parse_yaml(text, options);
    return node ? "accepted" : to_string(node.error());
}

TEST(Yaml, KeepsTextStyleAndPlaces) {
    auto root = parse_yaml(
        "# comment\nversion: 0.3\nname: \"a\\tb\"\nlist: [x, 'y']\n"
        "deep:\n  inner: |\n    line\n    two\n  empty:\n  é: ü x\n");
    ASSERT_TRUE(root) << to_string(root.error());
    EXPECT_EQ(root->find("version")->text, "0.3");
    EXPECT_EQ(root->find("version")->style, ScalarStyle::Plain);
    EXPECT_EQ(root->find("version")->at, (Position{2, 10}));
    EXPECT_EQ(root->entries[0].at, (Position{2, 1}));
    EXPECT_EQ(root->find("name")->text, "a\tb");
    EXPECT_EQ(root->find("name")->at, (Position{3, 7}));
    EXPECT_EQ(root->find("list")->at, (Position{4, 7}));
    EXPECT_EQ(root->find("list")->items[1].at, (Position{4, 11}));
    const Node* deep = root->find("deep");
    EXPECT_EQ(deep->find("inner")->text, "line\ntwo\n");
    EXPECT_EQ(deep->find("inner")->style, ScalarStyle::Literal);
    EXPECT_TRUE(deep->find("empty")->is_null());
    EXPECT_EQ(deep->entries[2].at, (Position{10, 3}));
    EXPECT_EQ(deep->entries[2].value.at, (Position{10, 6}));
    EXPECT_EQ(deep->at, (Position{6, 3}));
}

TEST(Yaml, NullIsOnlyThePlainWord) {
    for (const char* null : {"~", "null", "Null", "NULL", ""})
        EXPECT_TRUE(parse_yaml(std::string("a: ") + null)->find("a")->is_null()) << null;
    for (const char* text : {"'~'", "\"\"", "nil", "none"})
        EXPECT_FALSE(parse_yaml(std::string("a: ") + text)->find("a")->is_null()) << text;
    EXPECT_TRUE(parse_yaml("")->is_null());
    EXPECT_TRUE(parse_yaml("# only a comment\n")->is_null());
}

TEST(Yaml, RefusesWhatAPolicyMustNotHold) {
    EXPECT_EQ(error_of("a: 1\nb: 2\na: 3\n"), "3:1: key 'a' stands twice in one mapping");
    EXPECT_EQ(error_of("{a: 1, 'a': 3}"), "1:8: key 'a' stands twice in one mapping");
    EXPECT_EQ(error_of("a: &x 1\nb: *x\n"), "1:4: anchors (&name) are not accepted");
    EXPECT_EQ(error_of("a: [1]\nb: *x\n"), "2:4: aliases (*name) are not accepted");
    EXPECT_EQ(error_of("a:\n  <<: {b: 1}\n"), "2:3: merge keys (<<) are not accepted");
    EXPECT_EQ(error_of("a: !!str 1\n").substr(0, 4), "1:4:");
    EXPECT_EQ(error_of("a: !cas\n"), "1:4: unknown tag '!cas'");
    EXPECT_EQ(error_of("a: !cas\n", {.allowed_tags = {"!cas"}}), "accepted");
    EXPECT_EQ(error_of("a: 1\n---\nb: 2\n"), "2:1: expected one document, got another");
    EXPECT_EQ(error_of("[a]: 1\n"), "1:1: expected a scalar as key");
    EXPECT_EQ(error_of("? {a: 1}\n: 2\n"), "1:3: expected a scalar as key");
    EXPECT_EQ(error_of("a: \"\xff\"\n"), "1:5: expected UTF-8 without control characters");
    EXPECT_EQ(error_of(std::string("a: b\0c\n", 7)),
              "1:5: expected UTF-8 without control characters");
    EXPECT_EQ(error_of("a: 1\r\nb: 2\r\n"), "accepted");
    EXPECT_EQ(error_of("a: 1\rb: 2\n"), "1:5: expected UTF-8 without control characters");
    EXPECT_EQ(error_of("a: \xE2\x80\xA8\n"), "1:4: expected UTF-8 without control characters");
    EXPECT_NE(error_of("?     )\t\t\t:\t\t-\n\t--\t=\n"), "accepted");
    EXPECT_EQ(error_of("%TAG !e! tag:x,2000:\n---\na: 1\n").substr(0, 2), "1:");
    EXPECT_EQ(error_of("a: b: c\n").substr(0, 2), "1:");
    EXPECT_EQ(error_of("a: [1\nb: 2\n").substr(0, 2), "2:");
    EXPECT_EQ(error_of("a:\n\t- b\n").substr(0, 2), "2:");
    EXPECT_EQ(error_of("a: 'x\n").substr(0, 2), "2:");
    EXPECT_NE(error_of("a: \"\\ud800\"\n"), "accepted");
    EXPECT_NE(error_of("a: @x\n"), "accepted");
}

TEST(Yaml, RefusesMoreThanTheLimits) {
    EXPECT_EQ(error_of(std::string(20000, '[')), "1:65: nested deeper than 64 levels");
    EXPECT_EQ(error_of(std::string(20000, '{')).substr(0, 2), "1:");
    std::string blocks;
    for (size_t i = 0; i < 200; i++)
        blocks += std::string(i, ' ') + "a:\n";
    EXPECT_EQ(error_of(blocks), "65:65: nested deeper than 64 levels");
    EXPECT_EQ(error_of(std::string((1 << 20) + 1, 'a')),
              "1:1: expected at most 1048576 bytes, got 1048577");
    std::string many = "a:\n";
    for (size_t i = 0; i < 1000; i++)
        many += " - 1\n";
    EXPECT_EQ(error_of(many, {.max_nodes = 500, .allowed_tags = {}}).substr(0, 4), "499:");
    EXPECT_EQ(error_of("? " + std::string(300, 'k') + "\n: 1\n"),
              "1:3: a key is longer than 256 bytes");
}

TEST(Yaml, QuotedScalarsAreReadByTheStandard) {
    auto text = [](std::string_view yaml) {
        auto root = parse_yaml(yaml);
        return root ? root->text : to_string(root.error());
    };
    EXPECT_EQ(text("'a''''b'"), "a''b");
    EXPECT_EQ(text("'a''''''b c''d'"), "a'''b c'd");
    EXPECT_EQ(text("''''"), "'");
    EXPECT_EQ(text("''"), "");
    EXPECT_EQ(text("'" + std::string(400, '\'') + "'"), std::string(200, '\''));
    EXPECT_EQ(text("' a  \n  b\n\n\n  c '"), " a b\n\nc ");
    EXPECT_EQ(text("\" a \t\n  b\\\n   c\\t \n d \\\n\n\n e\""), " a bc\t d \n\ne");
    EXPECT_EQ(text("\"\\0\\a\\b\\t\\n\\v\\f\\r\\e\\ \\\"\\/\\\\\""),
              std::string("\0\a\b\t\n\v\f\r\x1b \"/\\", 13));
    EXPECT_EQ(text("\"\\N\\_\\L\\P\\x41\\u00e9\\U0001F600\""),
              "\xC2\x85\xC2\xA0\xE2\x80\xA8\xE2\x80\xA9"
              "A\xC3\xA9\xF0\x9F\x98\x80");
    EXPECT_EQ(text("\"a\r\n\r\nb\""), "a\nb");
    for (const char* bad : {"\"\\q\"", "\"\\x4\"", "\"\\ud800\"", "\"\\U00110000\"", "\"\\u+041\""})
        EXPECT_FALSE(parse_yaml(bad)) << bad;
}

TEST(Yaml, OneLongLineTakesLinearTime) {
    std::string line = "[";
    for (size_t i = 0; i < 99'000; i++)
        line += "é,";
    auto root = parse_yaml(line + "é]");
    ASSERT_TRUE(root) << to_string(root.error());
    EXPECT_EQ(root->items.back().at, (Position{1, 198'002}));
    EXPECT_EQ(root->items[1].at, (Position{1, 4}));
}

TEST(YamlWriter, SameTreeSameBytesAndBack) {
    auto root = parse_yaml(R"(
name: a/b
text: "with \"quotes\" \\ and é and \x01"
pem: |
  -----BEGIN X-----
  AAAA

  -----END X-----
kept: |+
  two ends

indented: "  first\n second"
nothing:
empty_list: []
empty_map: {}
list: [a, [b, c], {d: e, f: [g]}, "", ~, "~"]
store: !cas
vault: !akv {token: t}
"odd: key": 1
version: "0.3"
)",
                           {.allowed_tags = {"!cas", "!akv"}});
    ASSERT_TRUE(root) << to_string(root.error());
    std::string once = write_yaml(*root);
    auto again = parse_yaml(once, {.allowed_tags = {"!cas", "!akv"}});
    ASSERT_TRUE(again) << to_string(again.error()) << "\n" << once;
    EXPECT_TRUE(*root == *again) << once;
    EXPECT_EQ(write_yaml(*again), once);
    EXPECT_EQ(once, R"(---
name: a/b
text: "with \"quotes\" \\ and é and \x01"
pem: |
  -----BEGIN X-----
  AAAA

  -----END X-----
kept: "two ends\n\n"
indented: "  first\n second"
nothing: ~
empty_list: []
empty_map: {}
list:
  - a
  -
    - b
    - c
  - d: e
    f:
      - g
  - ""
  - ~
  - "~"
store: !cas
vault: !akv
  token: t
"odd: key": 1
version: "0.3"
)");
}

VariableLookup values(std::vector<std::pair<std::string, std::string>> list) {
    return [list](std::string_view name) -> std::optional<std::string> {
        for (const auto& [key, value] : list) {
            if (key == name)
                return value;
        }
        return std::nullopt;
    };
}

TEST(Template, ReplacesValuesOnlyAndAddsNoStructure) {
    std::string source =
        "# $COMMENT\n$KEY: x\nname: $NS/${SESSION}x\npredecessor: $PRE\n"
        "word: $$SCONE::pw$$ and $$NS and \\$NS and $1 and a$\nlist: [$EVIL]\n";
    auto root = parse_yaml(source);
    ASSERT_TRUE(root);
    auto errors = substitute_variables(
        *root, source,
        values({{"NS", "ns"}, {"SESSION", "s"}, {"PRE", "~"}, {"EVIL", "a, b]\nname: evil #"}}));
    EXPECT_TRUE(errors.empty());
    EXPECT_TRUE(root->find("$KEY"));
    EXPECT_EQ(root->find("name")->text, "ns/sx");
    EXPECT_TRUE(root->find("predecessor")->is_null());
    EXPECT_EQ(root->find("word")->text, "$$SCONE::pw$$ and $$NS and $NS and $1 and a$");
    EXPECT_EQ(root->find("list")->items.size(), 1U);
    EXPECT_EQ(root->find("list")->items[0].text, "a, b]\nname: evil #");
}

TEST(Template, NamesThePlaceOfEveryMissingVariable) {
    std::string source = "a: 1\nb: x\nname: $SESSION\nq: \"é $A ${B}\"\nblock: |\n  one\n  $C\n";
    auto root = parse_yaml(source);
    ASSERT_TRUE(root);
    auto errors = substitute_variables(*root, source, values({{"A", "v"}}));
    ASSERT_EQ(errors.size(), 3U);
    EXPECT_EQ(errors[0].message, "Value for variable $SESSION is missing at line 3 column 7");
    EXPECT_EQ(errors[1].message, "Value for variable $B is missing at line 4 column 10");
    EXPECT_EQ(errors[2].message, "Value for variable $C is missing at line 7 column 3");
    auto text = substitute_text("x\n  $A$B", values({{"A", "v"}}));
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error()[0].at, (Position{2, 5}));
    EXPECT_EQ(*substitute_text("p: ${A}\nq: $A.$A", values({{"A", "v"}})), "p: v\nq: v.v");
}

TEST(Diagnostic, NearestNameNeedsToBeNear) {
    std::vector<std::string_view> keys{"services", "secrets", "security", "volumes"};
    EXPECT_EQ(nearest_name("servces", keys), "services");
    EXPECT_EQ(nearest_name("secirity", keys), "security");
    EXPECT_EQ(nearest_name("volume", keys), "volumes");
    EXPECT_EQ(nearest_name("banana", keys), "");
    EXPECT_EQ(nearest_name(std::string(1000, 'a'), keys), "");
}

}  // namespace
}  // namespace scone::text
