#include "tools/scone/cmd_fspf.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "lib/base/result.h"

namespace scone::tools {
namespace {

namespace fs = std::filesystem;

struct FspfCommand : testing::Test {
    FspfCommand() {
        std::string name = (fs::temp_directory_path() / "fspf-XXXXXX").string();
        folder = mkdtemp(name.data());
        file = (folder / "fs.fspf").string();
        std::ofstream(folder / "secret") << "secret";
    }
    ~FspfCommand() override { fs::remove_all(folder); }

    text::Outcome<std::string> run(std::vector<std::string> words) {
        root = {.name = "scone", .about = "test", .subcommands = {fspf_command()}};
        words.insert(words.begin(), "fspf");
        auto parsed = SCONE_TRY(
            flags::parse_flags(root, words, [](std::string_view) { return std::nullopt; }));
        return run_fspf(parsed);
    }
    static std::vector<std::string> words_of(const std::string& text) {
        std::istringstream in(text);
        return {std::istream_iterator<std::string>(in), {}};
    }
    static void expect_shape(const text::Outcome<std::string>& got, const std::string& shape) {
        ASSERT_TRUE(got) << got.error().what;
        EXPECT_TRUE(std::regex_match(*got, std::regex(shape))) << *got;
    }

    flags::Command root;
    fs::path folder;
    std::string file;
};

TEST_F(FspfCommand, PrintsWhatScriptsParse) {
    expect_shape(run({"create", file}), "Created empty file system protection file in " + file +
                                            "\\. AES-GCM tag: [0-9a-f]{32}\n");
    expect_shape(run({"addr", file, "/", "-n", "--kernel", "/"}),
                 "Added region / to file system protection file " + file +
                     " new AES-GCM tag: [0-9a-f]{32}\n");
    expect_shape(
        run({"addr", "--encrypted", "--kernel=/e", file, "/data", "-c", "4096", "-k", "32"}),
        "Added region /data to file system protection file " + file +
            " new AES-GCM tag: [0-9a-f]{32}\n");
    expect_shape(run({"addr", file, "/tmp", "-e", "--ephemeral"}), "Added region /tmp .*\n");
    expect_shape(
        run({"addf", file, "/data/secret", (folder / "secret").string(),
             (folder / "out").string()}),
        "Added files to file system protection file " + file + " new AES-GCM tag: [0-9a-f]{32}\n");
    auto encrypted = run({"encrypt", file});
    expect_shape(encrypted, "Encrypted file system protection file " + file +
                                " AES-GCM tag: [0-9a-f]{32} key: [0-9a-f]{64}\n");
    auto words = words_of(*encrypted);
    ASSERT_EQ(words.size(), 11u);  // awk $9 and $11
    EXPECT_EQ(*run({"show", file, "-t"}), words[8] + "\n");
    auto shown = run({"show", file, words[10]});
    ASSERT_TRUE(shown);
    EXPECT_NE(shown->find(words[8]), std::string::npos);
    EXPECT_NE(shown->find("/data/secret"), std::string::npos);
}

TEST_F(FspfCommand, RefusesWhatContradictsItself) {
    ASSERT_TRUE(run({"create", file}));
    const std::vector<std::vector<std::string>> wrong = {
        {"addr", file, "/", "--kernel", "/"},
        {"addr", file, "/", "-n", "-e", "--kernel", "/"},
        {"addr", file, "/", "-n"},
        {"addr", file, "/", "-n", "--kernel", "/", "--ephemeral"},
        {"addr", file, "relative", "-n", "--kernel", "/"},
        {"addr", file, "/a/../b", "-n", "--kernel", "/"},
        {"addr", file, "/", "-n", "--kernel", "relative"},
        {"addr", file, "/", "-e", "--kernel", "/", "-k", "16"},
        {"addr", file},
        {"create", file, "2"},
        {"create", file},
        {"nothing"},
    };
    for (auto& words : wrong)
        EXPECT_FALSE(run(words)) << words.back();
}

}  // namespace
}  // namespace scone::tools
