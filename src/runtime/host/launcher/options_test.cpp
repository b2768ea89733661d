#include "runtime/host/launcher/options.h"

#include <gtest/gtest.h>

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

TEST(Options, CommandBeginsBehindTheOptions) {
    Options options;
    ASSERT_TRUE(parse_arguments(
        options, {"--heap=1G", "--fork", "1", "--dlopen=0", "--", "ls", "--heap=2G"}));
    EXPECT_EQ(options.heap_size, uint64_t{1} << 30);
    EXPECT_EQ(options.fork, sgx::Fork::Allowed);
    EXPECT_EQ(options.dlopen, sgx::Dlopen::Refused);
    EXPECT_EQ(options.command, (std::vector<std::string>{"ls", "--heap=2G"}));
    Options plain;
    ASSERT_TRUE(parse_arguments(plain, {"ls", "-l"}));
    EXPECT_EQ(plain.command.size(), 2u);
}

TEST(Options, WrongOnesAreNamed) {
    for (std::vector<std::string> bad : {std::vector<std::string>{"--heep=1"},
                                         {"--heap=x"},
                                         {"--heap"},
                                         {"--fork=2"},
                                         {"--dlopen=3"},
                                         {"--tcs=0"},
                                         {"--tcs=100000"},
                                         {"--mode=maybe"}}) {
        Options options;
        auto parsed = parse_arguments(options, bad);
        ASSERT_FALSE(parsed) << bad[0];
        EXPECT_EQ(parsed.error().exit_code, text::ExitCode::Usage);
        EXPECT_NE(parsed.error().what.find(bad[0].substr(0, bad[0].find('='))), std::string::npos);
    }
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
