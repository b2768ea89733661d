// What the tables of options promise: help for every command, examples that parse, documents that
// are made from them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <regex>

#include "lib/flags/help_text.h"
#include "lib/flags/parse_flags.h"
#include "program.h"
#include "tools/scone/command_table.h"

namespace scone::test {
namespace {

using testing::HasSubstr;

void for_each_command(
    const flags::Command& command, const std::vector<std::string>& words,
    const std::function<void(const flags::Command&, const std::vector<std::string>&)>& action) {
    action(command, words);
    for (const flags::Command& sub : command.subcommands) {
        auto longer = words;
        longer.emplace_back(sub.name);
        for_each_command(sub, longer, action);
    }
}

struct Help : testing::Test {
    TemporaryFolder folder;
    User user{folder.path() / "user"};
};

TEST_F(Help, EveryCommandHasIt) {
    for_each_command(tools::scone_command(), {}, [&](const flags::Command& command, auto words) {
        words.emplace_back("--help");
        Ended ended = user.scone(words);
        EXPECT_EQ(ended.code, 0) << ended.err;
        EXPECT_THAT(ended.out, testing::StartsWith(std::string(command.about.substr(0, 20))));
        EXPECT_THAT(ended.out, HasSubstr("\nUSAGE:\n    scone"));
        for (const flags::Flag& flag : command.flags)
            EXPECT_THAT(ended.out, HasSubstr("--" + std::string(flag.name)));
    });
    EXPECT_EQ(user.scone({"help", "cas", "attest"}).out,
              user.scone({"cas", "attest", "--help"}).out);
}

TEST_F(Help, EveryExampleParses) {
    size_t count = 0;
    for_each_command(tools::scone_command(), {}, [&](const flags::Command& command, const auto&) {
        for (const flags::Example& example : command.examples) {
            std::istringstream in{std::string(example.command_line)};
            std::vector<std::string> words{std::istream_iterator<std::string>(in), {}};
            ASSERT_EQ(words.front(), "scone");
            words.erase(words.begin());
            auto parsed = flags::parse_flags(tools::scone_command(), words,
                                             [](std::string_view) { return std::nullopt; });
            EXPECT_TRUE(parsed) << example.command_line << parsed.error().what;
            ++count;
        }
    });
    EXPECT_GT(count, 8u);
}

TEST_F(Help, VersionEndsWithASemanticVersion) {
    for (const char* word : {"-V", "--version", "version"}) {
        Ended ended = user.scone({word});
        EXPECT_EQ(ended.code, 0) << ended.err;
        EXPECT_TRUE(std::regex_match(ended.out, std::regex("scone [0-9]+\\.[0-9]+\\.[0-9]+\n")))
            << ended.out;
    }
    // Not even the state file is touched.
    EXPECT_FALSE(std::filesystem::exists(user.home() / ".cas"));
}

TEST_F(Help, WrongWordsAreNamed) {
    Ended ended = user.scone({"cas", "attest", "localhost", "--only_for_testing-debugg"});
    EXPECT_EQ(ended.code, 2);
    EXPECT_THAT(ended.err, HasSubstr("--only_for_testing-debug?"));
    EXPECT_EQ(user.scone({}).code, 2);
    EXPECT_EQ(user.scone({"nonsense"}).code, 2);
    EXPECT_EQ(user.scone({"cas", "attest"}).code, 2);
    EXPECT_EQ(user.scone({"session", "read", "a", "--retries=x"}).code, 2);
    EXPECT_EQ(user.scone({"@/no/such/file"}).code, 4);
}

TEST_F(Help, DocumentsAreThoseMadeFromTheTables) {
    const std::filesystem::path reference = std::filesystem::path(SOURCE_FOLDER) / "docs/reference";
    EXPECT_EQ(read_text(reference / "scone.md"), user.scone({"help-markdown"}).out)
        << "make it anew: scone help-markdown > docs/reference/scone.md";
    EXPECT_EQ(read_text(reference / "exit-codes.md"), user.scone({"help-exit-codes"}).out)
        << "make it anew: scone help-exit-codes > docs/reference/exit-codes.md";
}

}  // namespace
}  // namespace scone::test
