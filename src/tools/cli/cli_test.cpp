#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "tools/cli/words.h"

namespace scone::cli {
namespace {

using testing::ElementsAre;
using text::ExitCode;

TEST(Words, AreReadFromArgumentFiles) {
    const std::string path = testing::TempDir() + "/words-" + std::to_string(::getpid());
    std::ofstream(path) << "attest\nhost name\n";
    const auto words = expand_files(std::vector<std::string>{"@" + path, "-G"});
    ASSERT_TRUE(words);
    EXPECT_THAT(*words, ElementsAre("attest", "host name", "-G"));
    std::ofstream(path) << "@" << path << "\n";
    EXPECT_EQ(expand_files(std::vector<std::string>{"@" + path}).error().exit_code,
              ExitCode::Usage);
    ::unlink(path.c_str());
}

}  // namespace
}  // namespace scone::cli
