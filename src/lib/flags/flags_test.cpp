#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/flags/help_text.h"
#include "lib/flags/manual_page.h"
#include "lib/flags/parse_flags.h"

namespace scone::flags {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using text::ExitCode;

const Command& sample() {
    static const Command command{
        .name = "tool",
        .about = "A tool for tests.",
        .flags = {{.name = "config",
                   .letter = 'c',
                   .kind = FlagKind::Value,
                   .value = "FILE",
                   .help = "state file",
                   .default_value = "~/.x",
                   .environment = "TOOL_CONFIG"}},
        .subcommands = {
            {.name = "attest",
             .about = "Attests.",
             .flags = {{.name = "group", .letter = 'G'},
                       {.name = "conf", .letter = 'C'},
                       {.name = "mrenclave", .kind = FlagKind::Repeated, .value = "HEX"},
                       {.name = "level", .kind = FlagKind::Value, .value = "N", .choices = "0|1|2"},
                       {.name = "later",
                        .kind = FlagKind::Value,
                        .value = "X",
                        .not_supported = "use --mrenclave"}},
             .arguments = {{"ADDRESS"}, {"HASH", "the hash", Arity::Optional}},
             .aliases = {"att"}},
            {.name = "run",
             .about = "Runs.",
             .arguments = {{"IMAGE"}, {"ARGS", "", Arity::Many}},
             .rest_is_verbatim = true}}};
    return command;
}

text::Outcome<ParsedCommand> parse(std::vector<std::string> words) {
    return parse_flags(sample(), words, [](std::string_view name) -> std::optional<std::string> {
        if (name == "TOOL_CONFIG")
            return "from-environment";
        return std::nullopt;
    });
}

TEST(ParseFlags, TakesValuesInEverySpelling) {
    for (const auto& words :
         std::vector<std::vector<std::string>>{{"attest", "-c", "f", "host"},
                                               {"-cf", "attest", "host"},
                                               {"--config=f", "att", "host"},
                                               {"attest", "host", "--config", "f"}}) {
        const auto parsed = parse(words);
        ASSERT_TRUE(parsed) << parsed.error().what;
        EXPECT_EQ(parsed->value("config"), "f");
        EXPECT_EQ(parsed->path, "tool attest");
        EXPECT_THAT(parsed->arguments, ElementsAre("host"));
    }
}

TEST(ParseFlags, CombinesSwitchesAndRepeats) {
    const auto parsed = parse({"attest", "-GC", "h", "--mrenclave=1", "--mrenclave", "2"});
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(parsed->given("group") && parsed->given("conf"));
    EXPECT_THAT(parsed->values("mrenclave"), ElementsAre("1", "2"));
    EXPECT_EQ(parsed->value("config"), "from-environment");
}

TEST(ParseFlags, RefusesWhatIsNotInTheTable) {
    EXPECT_EQ(parse({"attest", "h", "--mrenclav=1"}).error().exit_code, ExitCode::Usage);
    EXPECT_THAT(parse({"attest", "h", "--mrenclav=1"}).error().what, HasSubstr("--mrenclave?"));
    EXPECT_EQ(parse({"attest"}).error().exit_code, ExitCode::Usage);
    EXPECT_EQ(parse({"attest", "a", "b", "c"}).error().exit_code, ExitCode::Usage);
    EXPECT_EQ(parse({"attest", "a", "--group=1"}).error().exit_code, ExitCode::Usage);
    EXPECT_EQ(parse({"attest", "a", "--level=3"}).error().exit_code, ExitCode::Usage);
    EXPECT_EQ(parse({"attest", "a", "--level"}).error().exit_code, ExitCode::Usage);
    EXPECT_EQ(parse({"nonsense"}).error().exit_code, ExitCode::Usage);
    EXPECT_EQ(parse({}).error().exit_code, ExitCode::Usage);
    EXPECT_EQ(parse({"attest", "a", "--later=1"}).error().exit_code, ExitCode::Unsupported);
}

TEST(ParseFlags, NamesTheNearest) {
    const auto what = [](std::vector<std::string> words) { return parse(words).error().what; };
    EXPECT_EQ(what({"attest", "--mrenclvae=1", "h"}),
              "unknown option '--mrenclvae'; did you mean --mrenclave?");
    EXPECT_EQ(what({"atest", "h"}), "unknown command 'atest'; did you mean 'attest'?");
    EXPECT_EQ(what({"nonsense", "h"}), "unknown command 'nonsense'");
    EXPECT_EQ(what({"attest", "--level"}), "option '--level' needs a value (0|1|2)");
    EXPECT_EQ(what({"attest", "--mrenclave=", "h"}), "option '--mrenclave' needs a value (HEX)");
    EXPECT_EQ(what({"attest", "--group=1", "h"}), "option '--group' takes no value, got '1'");
}

TEST(ParseFlags, LeavesTheWordsOfAProgramAlone) {
    const auto parsed = parse({"run", "image", "-x", "--help"});
    ASSERT_TRUE(parsed) << parsed.error().what;
    EXPECT_THAT(parsed->arguments, ElementsAre("image", "-x", "--help"));
    const auto dashed = parse({"run", "--", "-image"});
    ASSERT_TRUE(dashed);
    EXPECT_THAT(dashed->arguments, ElementsAre("-image"));
}

TEST(ParseFlags, HelpNeedsNothingElse) {
    const auto parsed = parse({"attest", "--help"});
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(parsed->help_wanted);
    EXPECT_EQ(parsed->command->name, "attest");
}

TEST(ParseSize, KnowsItsSuffixes) {
    EXPECT_EQ(parse_size("heap", "1G"), 1ULL << 30);
    EXPECT_EQ(parse_size("heap", "256m"), 256ULL << 20);
    EXPECT_EQ(parse_size("heap", "64MB"), 64ULL << 20);
    EXPECT_EQ(parse_size("heap", "4096"), 4096U);
    for (const char* bad : {"", "G", "-1", "1T", "99999999999G", "1GG", " 1"})
        EXPECT_FALSE(parse_size("heap", bad)) << bad;
}

TEST(HelpText, NamesEveryFlagAndKeepsItsWidth) {
    const Command& attest = sample().subcommands[0];
    const std::string text = help_text(attest, "tool attest", 70);
    for (const Flag& flag : attest.flags)
        EXPECT_THAT(text, HasSubstr("--" + std::string(flag.name)));
    EXPECT_THAT(text, HasSubstr("USAGE:\n    tool attest [OPTIONS] ADDRESS [HASH]\n"));
    EXPECT_THAT(bash_completion(sample()), HasSubstr("'tool attest') words='--help --group"));
}

}  // namespace
}  // namespace scone::flags
