#include "runtime/host/launcher/program.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace scone::launcher {
namespace {

class ProgramTest : public testing::Test {
  protected:
    void SetUp() override {
        char pattern[] = "/tmp/scone-program-test-XXXXXX";
        folder_ = mkdtemp(pattern);
        setenv("XDG_CACHE_HOME", (folder_ + "/cache").c_str(), 1);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::string script(const std::string& name, const std::string& content) {
        std::string path = folder_ + "/" + name;
        std::ofstream(path) << content;
        chmod(path.c_str(), 0755);
        return path;
    }
    std::string folder_;
};

TEST_F(ProgramTest, IsFoundInPath) {
    auto program = find_program({"ls", "-l"});
    ASSERT_TRUE(program);
    EXPECT_TRUE(program->path.ends_with("/bin/ls"));
    EXPECT_EQ(program->arguments, (std::vector<std::string>{"ls", "-l"}));
    EXPECT_EQ(find_program({"no-such-program-here"}).error().exit_code, text::ExitCode::NotFound);
    EXPECT_FALSE(find_program({"/etc/passwd"}));
}

TEST_F(ProgramTest, ScriptsGiveWayToTheirInterpreter) {
    std::string inner = script("inner", "#! /bin/sh  -e \necho\n");
    auto program = find_program({inner, "x"});
    ASSERT_TRUE(program);
    EXPECT_EQ(program->path, "/bin/sh");
    EXPECT_EQ(program->arguments, (std::vector<std::string>{"/bin/sh", "-e", inner, "x"}));
    std::string outer = script("outer", "#!" + inner + "\n");
    EXPECT_EQ(find_program({outer})->path, "/bin/sh");
    std::string circle = folder_ + "/circle";
    script("circle", "#!" + circle + "\n");
    EXPECT_EQ(find_program({circle}).error().exit_code, text::ExitCode::Unsupported);
    EXPECT_FALSE(find_program({script("nothing", "#!\n")}));
}

TEST_F(ProgramTest, ClosureHoldsInterpreterAndLibraries) {
    for (int round = 0; round < 2; round++) {  // the second time from the cache
        auto closure = program_closure("/bin/ls");
        ASSERT_TRUE(closure);
        EXPECT_EQ(closure->at(0).role, sgx::FileRole::Program);
        EXPECT_EQ(closure->at(1).role, sgx::FileRole::Interpreter);
        EXPECT_EQ(closure->at(1).path, "/lib64/ld-linux-x86-64.so.2");
        bool has_libc = false;
        for (const auto& file : *closure)
            has_libc |= file.path == "/lib/x86_64-linux-gnu/libc.so.6";
        EXPECT_TRUE(has_libc);
        EXPECT_NE(closure->at(0).plan.digest, closure->at(1).plan.digest);
    }
}

TEST_F(ProgramTest, ClosureOfWhatIsNoElfIsRefused) {
    EXPECT_FALSE(program_closure(script("text", "hello\n")));
    EXPECT_FALSE(program_closure(folder_ + "/absent"));
}

TEST(NormalPath, DropsDotsAndDoubleSlashes) {
    EXPECT_EQ(normal_path("/a//b/./c/../d/"), "/a/b/d");
    EXPECT_EQ(normal_path("/.."), "/");
    EXPECT_TRUE(normal_path("x").ends_with("/x"));
}

}  // namespace
}  // namespace scone::launcher
