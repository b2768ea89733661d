#include "runtime/host/launcher/options.h"

#include <gtest/gtest.h>

#include "runtime/host/launcher/run_options.h"

namespace scone::launcher {
namespace {

TEST(Options, SizesTakeSuffixesOfEitherCase) {
    EXPECT_EQ(parse_size("x", "64M").value(), 64u << 20);
    EXPECT_EQ(parse_size("x", "1g").value(), 1u << 30);
    EXPECT_EQ(parse_size("x", "8k").value(), 8192u);
    EXPECT_EQ(parse_size("x", "5000").value(), 8192u);
    for (const char* bad : {"", "M", "-1", "1T", "12 M", "99999999999G", "0x10", "1MM"})
        EXPECT_FALSE(parse_size("x", bad)) << bad;
}

text::Outcome<RunOptions> read(const std::vector<std::string>& words) {
    return read_run_options({}, words);
}

TEST(Options, CommandBeginsBehindTheOptions) {
    auto run = read({"--heap=1G", "--fork", "1", "--dlopen=0", "--", "ls", "--heap=2G"});
    ASSERT_TRUE(run);
    EXPECT_EQ(run->options.heap_size, uint64_t{1} << 30);
    EXPECT_EQ(run->options.fork, sgx::Fork::Allowed);
    EXPECT_EQ(run->options.dlopen, sgx::Dlopen::Refused);
    EXPECT_EQ(run->command, (std::vector<std::string>{"ls", "--heap=2G"}));
    auto plain = read({"ls", "-l", "--", "--help"});
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->command, (std::vector<std::string>{"ls", "-l", "--", "--help"}));
    EXPECT_FALSE(plain->wants_help);
}

TEST(Options, WrongOnesAreNamed) {
    for (std::vector<std::string> bad : {std::vector<std::string>{"--heep=1", "ls"},
                                         {"--heap=x", "ls"},
                                         {"--heap"},
                                         {"--heap=", "ls"},
                                         {"--fork=2", "ls"},
                                         {"--dlopen=3", "ls"},
                                         {"--tcs=0", "ls"},
                                         {"--tcs=100000", "ls"},
                                         {"--mode=maybe", "ls"}}) {
        auto run = read(bad);
        ASSERT_FALSE(run) << bad[0];
        EXPECT_EQ(run.error().exit_code, text::ExitCode::Usage);
        EXPECT_NE(run.error().what.find(bad[0].substr(0, bad[0].find('='))), std::string::npos);
    }
    EXPECT_EQ(read({}).error().exit_code, text::ExitCode::Usage);
}

TEST(Options, LogLevelsHaveNamesAndNumbers) {
    EXPECT_EQ(parse_level("error"), Level::Error);
    EXPECT_EQ(parse_level("WARN"), Level::Warning);
    EXPECT_EQ(parse_level("7"), Level::Trace);
    EXPECT_EQ(parse_level("1"), Level::Fatal);
    EXPECT_EQ(parse_level("nonsense"), Level::Warning);
}

}  // namespace
}  // namespace scone::launcher
