// A real folder goes in and comes out: python's standard library, with its links and modes.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "lib/fspf_writer/test_tree.h"

namespace scone::fspf::test {
namespace {

namespace fs = std::filesystem;

std::vector<uint8_t> slurp(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

Attributes attributes_of(const fs::path& path) {
    struct stat st{};
    EXPECT_EQ(lstat(path.c_str(), &st), 0);
    return {static_cast<uint16_t>(st.st_mode & 07777),
            st.st_uid,
            st.st_gid,
            {st.st_mtim.tv_sec, static_cast<uint32_t>(st.st_mtim.tv_nsec)}};
}

void round_trip(const fs::path& folder, Protection protection) {
    auto writer = Writer::create(host_cipher());
    ASSERT_TRUE((*writer)->add_region("/", Backing::Kernel, protection, "/fspf"));
    Disk disk;
    std::vector<fs::path> paths;
    for (auto& entry : fs::recursive_directory_iterator(folder)) {
        const fs::path& path = entry.path();
        paths.push_back(path);
        Attributes attributes = attributes_of(path);
        if (entry.is_symlink()) {
            ASSERT_TRUE(
                (*writer)->add_symlink(path.native(), attributes, fs::read_symlink(path).native()));
        } else if (entry.is_directory()) {
            ASSERT_TRUE((*writer)->add_directory(path.native(), attributes));
        } else {
            auto content = slurp(path);
            MemorySource source(content);
            MemorySink sink(disk[path.native()]);
            ASSERT_TRUE(
                (*writer)->add_file(path.native(), attributes, content.size(), source, &sink));
        }
    }
    ASSERT_GT(paths.size(), 100u);
    auto sealed = (*writer)->finish();
    ASSERT_TRUE(sealed);
    OpenFileSystem opened(sealed->bytes);
    ASSERT_TRUE(opened.open(sealed->key, sealed->tag));
    for (const fs::path& path : paths) {
        auto inode = opened.reader.lookup_path(path.native());
        ASSERT_TRUE(inode) << path;
        EXPECT_EQ(inode->attributes, attributes_of(path)) << path;
        auto status = fs::symlink_status(path);
        if (fs::is_symlink(status)) {
            base::ByteArray<kMaxLinkSize> target;
            auto size = opened.reader.read_link(*inode, target);
            ASSERT_TRUE(size);
            EXPECT_EQ(base::as_text(base::Bytes(target).first(*size)), fs::read_symlink(path));
        } else if (fs::is_directory(status)) {
            EXPECT_EQ(inode->type, FileType::Directory);
        } else {
            auto content = read_all(opened.reader, *inode, disk[path.native()]);
            ASSERT_TRUE(content) << path;
            EXPECT_TRUE(*content == slurp(path)) << path;
        }
    }
}

// A folder that every build machine has: the compiler's own headers.
const char* folder() {
    return fs::exists("/usr/lib/python3.11") ? "/usr/lib/python3.11" : "/usr/include";
}

TEST(FspfRealTree, EncryptedComesBack) {
    round_trip(folder(), Protection::Encrypted);
}
TEST(FspfRealTree, AuthenticatedComesBack) {
    round_trip(folder(), Protection::Authenticated);
}

}  // namespace
}  // namespace scone::fspf::test
