// What is built can be read, in every shape of tree.
#include <gtest/gtest.h>

#include <algorithm>

#include "lib/fspf_writer/test_tree.h"

namespace scone::fspf::test {
namespace {

constexpr Attributes kFileAttributes{0644, 1000, 1001, {1700000000, 123456789}};
constexpr Attributes kDirectoryAttributes{0750, 7, 8, {1600000000, 1}};

std::unique_ptr<Writer> new_writer(std::optional<uint8_t> seed = {}) {
    std::optional<Key> key;
    if (seed)
        key = seed_key(*seed);
    auto writer = Writer::create(host_cipher(), key);
    EXPECT_TRUE(writer);
    EXPECT_TRUE((*writer)->add_region("/", Backing::Kernel, Protection::Authenticated, "/"));
    EXPECT_TRUE((*writer)->add_region("/app", Backing::Kernel, Protection::Encrypted,
                                      "/fspf/encrypted-files/app"));
    return std::move(*writer);
}

Result<void> add(Writer& writer, Disk& disk, const std::string& path,
                 const std::vector<uint8_t>& content) {
    MemorySource source(content);
    std::vector<uint8_t> stored;
    MemorySink sink(stored);
    SCONE_TRY(writer.add_file(path, kFileAttributes, content.size(), source, &sink));
    disk[path] = std::move(stored);
    return {};
}

TEST(FspfRoundTrip, FilesOfEverySizeComeBack) {
    for (const char* folder : {"/plain/", "/app/"}) {
        auto writer = new_writer();
        Disk disk;
        const size_t sizes[] = {0,    1,          4095,           4096,       4097,
                                8192, 145 * 4096, 145 * 4096 + 1, 300 * 4096, 600000};
        for (size_t size : sizes)
            ASSERT_TRUE(add(*writer, disk, folder + std::to_string(size),
                            pattern(size, static_cast<unsigned>(size))));
        auto sealed = writer->finish();
        ASSERT_TRUE(sealed);
        OpenFileSystem fs(sealed->bytes);
        ASSERT_TRUE(fs.open(sealed->key, sealed->tag));
        for (size_t size : sizes) {
            std::string path = folder + std::to_string(size);
            auto inode = fs.reader.lookup_path(path);
            ASSERT_TRUE(inode) << path;
            EXPECT_EQ(inode->size, size);
            EXPECT_EQ(inode->attributes, kFileAttributes);
            EXPECT_EQ(disk[path].size(), size);
            auto content = read_all(fs.reader, *inode, disk[path]);
            ASSERT_TRUE(content) << path;
            EXPECT_EQ(*content, pattern(size, static_cast<unsigned>(size)));
        }
    }
}

TEST(FspfRoundTrip, AuthenticatedContentStaysAndEncryptedContentDoesNot) {
    auto writer = new_writer();
    Disk disk;
    auto content = pattern(5000, 1);
    ASSERT_TRUE(add(*writer, disk, "/a", content));
    ASSERT_TRUE(add(*writer, disk, "/app/a", content));
    EXPECT_EQ(disk["/a"], content);
    EXPECT_NE(disk["/app/a"], content);
    // Without a sink authenticated content is only read.
    MemorySource source(content);
    EXPECT_TRUE(writer->add_file("/b", kFileAttributes, content.size(), source, nullptr));
    MemorySource again(content);
    EXPECT_FALSE(writer->add_file("/app/b", kFileAttributes, content.size(), again, nullptr));
}

TEST(FspfRoundTrip, LinksDirectoriesAndAttributesComeBack) {
    auto writer = new_writer();
    Disk disk;
    ASSERT_TRUE(writer->add_directory("/", {0711, 1, 2, {5, 6}}));
    ASSERT_TRUE(writer->add_directory("/d/e", kDirectoryAttributes));
    ASSERT_TRUE(writer->add_directory("/empty", kDirectoryAttributes));
    ASSERT_TRUE(add(*writer, disk, "/d/e/file", pattern(10, 1)));
    ASSERT_TRUE(writer->add_symlink("/d/link", kFileAttributes, "e/file"));
    ASSERT_TRUE(writer->add_symlink("/d/long", kFileAttributes, std::string(2047, 'x')));
    ASSERT_TRUE(writer->add_hard_link("/d/second", "/d/e/file"));
    ASSERT_TRUE(writer->add_directory("/app", kDirectoryAttributes));
    auto sealed = writer->finish();
    ASSERT_TRUE(sealed);
    OpenFileSystem fs(sealed->bytes);
    ASSERT_TRUE(fs.open(sealed->key, sealed->tag));
    Reader& reader = fs.reader;

    auto root = reader.lookup_path("/");
    ASSERT_TRUE(root);
    EXPECT_EQ(root->attributes, (Attributes{0711, 1, 2, {5, 6}}));
    EXPECT_EQ(root->link_count, 5u);  // ".", "..", d, empty, app
    EXPECT_EQ(reader.lookup_path("/d")->attributes.mode, 0755);
    EXPECT_EQ(reader.lookup_path("/d/e")->attributes, kDirectoryAttributes);
    auto link = reader.lookup_path("/d/link");
    ASSERT_TRUE(link);
    EXPECT_EQ(link->type, FileType::Symlink);
    base::ByteArray<2047> target;
    ASSERT_EQ(reader.read_link(*link, target), 6u);
    EXPECT_EQ(base::as_text(base::Bytes(target).first(6)), "e/file");
    ASSERT_EQ(reader.read_link(*reader.lookup_path("/d/long"), target), 2047u);
    EXPECT_EQ(reader.lookup_path("/d/link/x").error(), ErrorCode::NotDirectory);
    auto first = reader.lookup_path("/d/e/file");
    auto second = reader.lookup_path("/d/second");
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->id, second->id);
    EXPECT_EQ(first->link_count, 2u);
    EXPECT_EQ(*read_all(reader, *second, disk["/d/e/file"]), pattern(10, 1));
    // The region's directory is there twice: in the region around it, and as its own root.
    EXPECT_EQ(reader.lookup(*root, "app")->attributes, (Attributes{0755, 0, 0, {}}));
    EXPECT_EQ(reader.lookup_path("/app")->attributes, kDirectoryAttributes);
    EXPECT_EQ(reader.lookup_path("/nothing").error(), ErrorCode::NotFound);
    EXPECT_EQ(reader.lookup_path("/d/../d").error(), ErrorCode::InvalidPath);
    EXPECT_EQ(reader.lookup_path("//d").error(), ErrorCode::InvalidPath);
}

TEST(FspfRoundTrip, DirectoriesListInOrderAndFromAnyPlace) {
    auto writer = new_writer();
    Disk disk;
    std::vector<std::string> names;
    for (int i = 0; i < 2000; ++i)
        names.push_back("name-" + std::to_string(i * 7919 % 2000) + std::string(i % 90, 'n'));
    for (auto& name : names)
        ASSERT_TRUE(add(*writer, disk, "/many/" + name, pattern(3, 1)));
    ASSERT_TRUE(writer->add_directory("/next", kDirectoryAttributes));
    auto sealed = writer->finish();
    OpenFileSystem fs(sealed->bytes, 8);
    ASSERT_TRUE(fs.open(sealed->key, sealed->tag));
    std::ranges::sort(names);
    auto many = fs.reader.lookup_path("/many");
    ASSERT_TRUE(many);
    DirectoryCursor cursor;
    DirectoryEntry entry;
    for (auto& name : names) {
        ASSERT_TRUE(*fs.reader.next_entry(*many, cursor, entry));
        ASSERT_EQ(entry.text(), name);
        ASSERT_EQ(entry.inode.size, 3u);
    }
    EXPECT_FALSE(*fs.reader.next_entry(*many, cursor, entry));
    auto empty = fs.reader.lookup_path("/next");
    cursor = {};
    EXPECT_FALSE(*fs.reader.next_entry(*empty, cursor, entry));
}

TEST(FspfRoundTrip, HolesTakeNoBytes) {
    class HoleSource : public MemorySource {
      public:
        using MemorySource::MemorySource;
        Result<uint64_t> skip_hole() override {
            if (rest_.size() < 1000 * kBlockSize || skipped_)
                return 0;
            skipped_ = true;
            rest_ = rest_.subspan(900 * kBlockSize);
            return 900 * kBlockSize;
        }

      private:
        bool skipped_ = false;
    };
    auto writer = new_writer();
    std::vector<uint8_t> content(1000 * kBlockSize + 10);
    content.back() = 1;
    HoleSource source(content);
    std::vector<uint8_t> stored;
    MemorySink sink(stored);
    ASSERT_TRUE(writer->add_file("/app/sparse", kFileAttributes, content.size(), source, &sink));
    auto sealed = writer->finish();
    OpenFileSystem fs(sealed->bytes);
    ASSERT_TRUE(fs.open(sealed->key, sealed->tag));
    auto inode = fs.reader.lookup_path("/app/sparse");
    // What the host puts into the hole is not read.
    stored[17] = 99;
    EXPECT_EQ(*read_all(fs.reader, *inode, stored), content);
    EXPECT_TRUE(fs.reader.block_entry(*inode, 17)->is_hole());
    EXPECT_FALSE(fs.reader.block_entry(*inode, 905)->is_hole());
}

TEST(FspfRoundTrip, TheSameSeedGivesTheSameBytes) {
    Disk disk[3];
    std::vector<SealedFspf> sealed;
    for (int i = 0; i < 3; ++i) {
        auto writer = new_writer(uint8_t(i == 2 ? 9 : 1));
        ASSERT_TRUE(add(*writer, disk[i], "/app/x", pattern(9000, 1)));
        ASSERT_TRUE(add(*writer, disk[i], "/y", pattern(9000, 2)));
        sealed.push_back(std::move(*writer->finish()));
    }
    EXPECT_EQ(sealed[0].bytes, sealed[1].bytes);
    EXPECT_EQ(sealed[0].tag, sealed[1].tag);
    EXPECT_EQ(disk[0], disk[1]);
    EXPECT_NE(disk[0], disk[2]);
    EXPECT_NE(sealed[0].bytes, sealed[2].bytes);
}

TEST(FspfRoundTrip, ChangedContentUnderOneSeedSharesNoNonce) {
    std::vector<uint8_t> a = pattern(4096, 1), b = a;
    b[4000] ^= 1;
    Disk disk;
    for (int i = 0; i < 2; ++i) {
        auto writer = new_writer(1);
        ASSERT_TRUE(add(*writer, disk, "/app/x", i == 0 ? a : b));
        disk[i == 0 ? "a" : "b"] = disk["/app/x"];
    }
    // With the same key stream the first 4000 bytes would be equal.
    EXPECT_FALSE(std::equal(disk["a"].begin(), disk["a"].begin() + 16, disk["b"].begin()));
}

TEST(FspfRoundTrip, ALoadedFileSystemCanBeAddedTo) {
    auto writer = new_writer();
    Disk disk;
    ASSERT_TRUE(add(*writer, disk, "/app/x", pattern(900000, 1)));
    ASSERT_TRUE(add(*writer, disk, "/y", pattern(10, 2)));
    ASSERT_TRUE(writer->add_hard_link("/z", "/y"));
    ASSERT_TRUE(writer->add_symlink("/link", kFileAttributes, "y"));
    auto open = writer->finish(Seal::ClearKey);
    ASSERT_TRUE(open);
    OpenFileSystem before(open->bytes);
    EXPECT_EQ(before.open(open->key, open->tag).error(), ErrorCode::Unsupported);
    ASSERT_TRUE(before.open(open->key, open->tag, ClearKey::Accept));
    auto loaded = Writer::load(host_cipher(), before.reader);
    ASSERT_TRUE(loaded);
    ASSERT_TRUE(add(**loaded, disk, "/more", pattern(5000, 3)));
    ASSERT_TRUE((*loaded)->remove("/z"));
    auto sealed = (*loaded)->finish();
    ASSERT_TRUE(sealed);
    OpenFileSystem fs(sealed->bytes);
    ASSERT_TRUE(fs.open(sealed->key, sealed->tag));
    EXPECT_EQ(fs.reader.header().generation, 1u);
    for (auto& [path, stored] : disk)
        EXPECT_TRUE(read_all(fs.reader, *fs.reader.lookup_path(path), stored)) << path;
    EXPECT_EQ(*read_all(fs.reader, *fs.reader.lookup_path("/app/x"), disk["/app/x"]),
              pattern(900000, 1));
    EXPECT_EQ(fs.reader.lookup_path("/z").error(), ErrorCode::NotFound);
    EXPECT_EQ(fs.reader.lookup_path("/y")->link_count, 1u);
}

TEST(FspfRoundTrip, WhatCannotBeAddedIsRefused) {
    auto writer = new_writer();
    Disk disk;
    ASSERT_TRUE(add(*writer, disk, "/a", pattern(1, 1)));
    EXPECT_EQ(add(*writer, disk, "/a", pattern(1, 1)).error(), ErrorCode::Exists);
    EXPECT_EQ(add(*writer, disk, "/a/b", pattern(1, 1)).error(), ErrorCode::NotDirectory);
    EXPECT_EQ(add(*writer, disk, "/app", pattern(1, 1)).error(), ErrorCode::Exists);
    EXPECT_EQ(add(*writer, disk, "/x/", pattern(1, 1)).error(), ErrorCode::InvalidPath);
    EXPECT_EQ(add(*writer, disk, "/x/../y", pattern(1, 1)).error(), ErrorCode::InvalidPath);
    EXPECT_EQ(writer->add_hard_link("/app/a", "/a").error(), ErrorCode::NoRegion);
    EXPECT_EQ(writer->add_symlink("/l", kFileAttributes, std::string(2048, 'x')).error(),
              ErrorCode::TooLarge);
    EXPECT_EQ(writer->add_region("/a", Backing::Ephemeral, Protection::None, "").error(),
              ErrorCode::Exists);
    // A source that is shorter or longer than its size adds nothing.
    auto bytes = pattern(100, 1);
    for (uint64_t size : {99u, 101u}) {
        MemorySource source(bytes);
        EXPECT_EQ(writer->add_file("/c", kFileAttributes, size, source, nullptr).error(),
                  ErrorCode::Host);
    }
    EXPECT_TRUE(add(*writer, disk, "/c", pattern(1, 1)));
}

}  // namespace
}  // namespace scone::fspf::test
