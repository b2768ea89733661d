#include "lib/text/toml.h"

#include <gtest/gtest.h>

namespace scone::text {
namespace {

TEST(Toml, BecomesATreeWithPlaces) {
    auto root = parse_toml(
        "# config\nport = 8081\nname = \"cas\"\n[tls]\nenabled = true\nnames = [\"a\", 'b']\n"
        "since = 2024-01-02\nratio = 0.5\n");
    ASSERT_TRUE(root) << to_string(root.error());
    EXPECT_EQ(root->find("port")->text, "8081");
    EXPECT_EQ(root->find("port")->at, (Position{2, 8}));
    EXPECT_EQ(root->entries[1].at, (Position{3, 1}));
    EXPECT_EQ(root->find("name")->style, ScalarStyle::DoubleQuoted);
    const Node* tls = root->find("tls");
    ASSERT_TRUE(tls);
    EXPECT_EQ(tls->find("enabled")->text, "true");
    EXPECT_EQ(tls->find("names")->items[1].text, "b");
    EXPECT_EQ(tls->find("since")->text, "2024-01-02");
    EXPECT_EQ(tls->find("ratio")->text, "0.5");
}

TEST(Toml, ErrorsNameThePlace) {
    auto error = [](std::string_view text) {
        auto root = parse_toml(text);
        return root ? "accepted" : to_string(root.error()).substr(0, 2);
    };
    EXPECT_EQ(error("a = 1\na = 2\n"), "2:");
    EXPECT_EQ(error("[\np]\n"), "1:");
    EXPECT_EQ(error("[[\np]]\n"), "1:");
    EXPECT_EQ(error("a = \n"), "1:");
    EXPECT_EQ(error("a = \"\xff\"\n"), "1:");
    EXPECT_EQ(error("a = 1\n\u00e9 = 2\n"), "2:");
    EXPECT_EQ(error("a = \u00e9\n"), "1:");
    EXPECT_EQ(error("[a]\n\n[\ufeffb]\n"), "3:");
    EXPECT_EQ(error("n = 91\"\ufef3"), "1:");
    EXPECT_EQ(error("a = \"\"\"\\\u00e9\"\"\"\n"), "1:");
    EXPECT_EQ(error(std::string((1 << 20) + 1, '#')), "1:");
    EXPECT_NE(error("a = " + std::string(20000, '[')), "accepted");
    EXPECT_NE(error("a = " + std::string(70, '[') + std::string(70, ']')), "accepted");
}

}  // namespace
TEST(Toml, TakesAnyCharacterInStringsAndComments) {
    auto root = parse_toml(
        "# \u00e9\na = \"\u00e9 \\\" \u00e9\" # \u00e9\nb = '\u00e9\\' # \u00e9\n"
        "c = \"\"\"\n\u00e9 \"\" \\\n \U0001f600\"\"\"\"\"\nd = '''\u00e9\n\\ \u00e9'''\n");
    ASSERT_TRUE(root) << to_string(root.error());
    EXPECT_EQ(root->find("a")->text, "\u00e9 \" \u00e9");
    EXPECT_EQ(root->find("b")->text, "\u00e9\\");
    EXPECT_EQ(root->find("c")->text, "\u00e9 \"\" \U0001f600\"\"");
    EXPECT_EQ(root->find("d")->text, "\u00e9\n\\ \u00e9");
}

}  // namespace scone::text
