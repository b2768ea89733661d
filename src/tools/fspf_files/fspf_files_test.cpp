#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "lib/aead/host_cpu.h"
#include "lib/base/hex.h"
#include "tools/fspf_files/fspf_file.h"
#include "tools/fspf_files/loaded_fspf.h"

namespace scone::tools {
namespace {

namespace fs = std::filesystem;
using fspf::Backing;
using fspf::Protection;

struct FspfFiles : testing::Test {
    FspfFiles() {
        std::string name = (fs::temp_directory_path() / "fspf-XXXXXX").string();
        folder = mkdtemp(name.data());
    }
    ~FspfFiles() override { fs::remove_all(folder); }

    std::string at(const char* name) const { return (folder / name).string(); }
    void put(const char* name, const std::string& text) {
        fs::create_directories((folder / name).parent_path());
        std::ofstream(folder / name) << text;
    }
    static std::string get(const fs::path& path) {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    static std::string hex(base::Bytes bytes) {
        std::string text(2 * bytes.size(), '0');
        base::hex_encode(bytes, text);
        return text;
    }

    fs::path folder;
};

fspf::Result<size_t> read_file(void* context, uint64_t offset, base::MutableBytes out) {
    auto& text = *static_cast<std::string*>(context);
    size_t size = offset < text.size() ? std::min<size_t>(out.size(), text.size() - offset) : 0;
    if (size > 0)
        memcpy(out.data(), text.data() + offset, size);
    return size;
}

std::string read_back(LoadedFspf& fspf, const std::string& path, std::string stored) {
    auto inode = fspf.reader().lookup_path(path);
    fspf::ContentKey key;
    if (!inode || !fspf.reader().load_content_key(*inode, key))
        return "(error)";
    std::string text;
    base::ByteArray<fspf::kBlockSize> block;
    for (uint64_t i = 0; i < fspf::block_count(inode->size); ++i) {
        auto size = fspf.reader().read_block(*inode, key, i, {&stored, read_file}, block);
        if (!size)
            return "(error)";
        text += base::as_text(base::Bytes(block).first(*size));
    }
    return text;
}

TEST_F(FspfFiles, TheRecipeOfAConvertedImageWorks) {
    put("native/app/main.py", "print('secret')\n");
    put("native/app/data/big", std::string(1'000'000, 'x'));
    put("native/app/empty", "");
    fs::create_symlink("main.py", folder / "native/app/link");
    fs::create_hard_link(folder / "native/app/main.py", folder / "native/app/second.py");
    fs::permissions(folder / "native/app/main.py", fs::perms(0751));
    mkfifo(at("native/app/pipe").c_str(), 0600);

    std::string file = at("fs.fspf");
    auto created = create_fspf(file);
    ASSERT_TRUE(created);
    EXPECT_EQ(create_fspf(file).error().exit_code, text::ExitCode::Conflict);
    EXPECT_EQ(fs::status(file).permissions(), fs::perms(0600));
    ASSERT_TRUE(add_region(file, {"/", Backing::Kernel, Protection::None, "/"}));
    ASSERT_TRUE(add_region(
        file, {"/app", Backing::Kernel, Protection::Encrypted, "/fspf/encrypted-files/app"}));
    EXPECT_EQ(add_files(file, "/app", at("native/app"), "").error().exit_code,
              text::ExitCode::Usage);
    EXPECT_EQ(add_files(file, "/other", at("native/app"), at("x")).error().exit_code,
              text::ExitCode::InvalidInput);
    auto added = add_files(file, "/app", at("native/app"), at("out"));
    ASSERT_TRUE(added) << added.error().what;
    EXPECT_EQ(added->files, 4u);
    EXPECT_EQ(added->skipped, std::vector{at("native/app/pipe")});
    EXPECT_EQ(*tag_of_fspf(file), added->tag);
    // Adding again replaces.
    added = add_files(file, "/app", at("native/app"), at("out"));
    ASSERT_TRUE(added) << added.error().what;

    auto encrypted = encrypt_fspf(file);
    ASSERT_TRUE(encrypted);
    EXPECT_EQ(*tag_of_fspf(file), encrypted->tag);
    EXPECT_EQ(fs::status(file).permissions(), fs::perms(0644));
    EXPECT_FALSE(add_region(file, {"/x", Backing::Kernel, Protection::None, "/"}));
    EXPECT_EQ(fs::file_size(folder / "out/data/big"), 1'000'000u);
    EXPECT_NE(get(folder / "out/main.py"), get(folder / "native/app/main.py"));
    EXPECT_EQ(fs::last_write_time(folder / "out/main.py"),
              fs::last_write_time(folder / "native/app/main.py"));
    EXPECT_EQ(fs::status(folder / "out/main.py").permissions(), fs::perms(0751));
    EXPECT_TRUE(fs::equivalent(folder / "out/main.py", folder / "out/second.py"));

    auto loaded = LoadedFspf::load(file, &encrypted->key);
    ASSERT_TRUE(loaded);
    EXPECT_EQ(read_back(**loaded, "/app/main.py", get(folder / "out/main.py")),
              "print('secret')\n");
    EXPECT_EQ(read_back(**loaded, "/app/second.py", get(folder / "out/second.py")),
              "print('secret')\n");
    EXPECT_EQ(read_back(**loaded, "/app/data/big", get(folder / "out/data/big")),
              std::string(1'000'000, 'x'));
    auto shown = describe_fspf(file, hex(encrypted->key.expose()));
    ASSERT_TRUE(shown);
    EXPECT_NE(shown->find("Region /app: encrypted, kernel /fspf/encrypted-files/app"),
              std::string::npos);
    EXPECT_NE(shown->find("/app/link -> main.py"), std::string::npos);
    EXPECT_FALSE(describe_fspf(file, ""));
    EXPECT_EQ(describe_fspf(file, std::string(64, '0')).error().exit_code,
              text::ExitCode::Integrity);
    EXPECT_EQ(describe_fspf(file, "12").error().exit_code, text::ExitCode::Usage);
}

TEST_F(FspfFiles, HolesStayHoles) {
    std::ofstream(folder / "sparse").seekp(50'000'000).write("end", 3);
    std::string file = at("fs.fspf");
    ASSERT_TRUE(create_fspf(file));
    ASSERT_TRUE(add_region(file, {"/", Backing::Kernel, Protection::Encrypted, "/e"}));
    ASSERT_TRUE(add_files(file, "/sparse", at("sparse"), at("out")));
    auto loaded = LoadedFspf::load(file, nullptr);
    ASSERT_TRUE(loaded);
    EXPECT_EQ(read_back(**loaded, "/sparse", get(folder / "out")), get(folder / "sparse"));
    struct stat st{};
    ASSERT_EQ(stat(at("out").c_str(), &st), 0);
    EXPECT_EQ(st.st_size, 50'000'003);
}

TEST_F(FspfFiles, WhatIsNoFspfIsRefused) {
    put("text", "hello");
    EXPECT_EQ(tag_of_fspf(at("text")).error().exit_code, text::ExitCode::InvalidInput);
    EXPECT_EQ(encrypt_fspf(at("text")).error().exit_code, text::ExitCode::InvalidInput);
    EXPECT_EQ(tag_of_fspf(at("absent")).error().exit_code, text::ExitCode::NotFound);
    EXPECT_EQ(tag_of_fspf(folder.string()).error().exit_code, text::ExitCode::InvalidInput);
    ASSERT_TRUE(create_fspf(at("empty")));
    EXPECT_EQ(encrypt_fspf(at("empty")).error().exit_code, text::ExitCode::InvalidInput);
}

}  // namespace
}  // namespace scone::tools
