// A host that changes, swaps, replays, cuts or extends anything is found out.
#include <gtest/gtest.h>

#include "lib/fspf_writer/test_tree.h"

namespace scone::fspf::test {
namespace {

constexpr Attributes kAttributes{0644, 0, 0, {}};

struct Sealed {
    SealedFspf fspf;
    Disk disk;
};

Sealed build(uint8_t seed, unsigned content_seed) {
    auto writer = Writer::create(host_cipher(), seed_key(seed));
    EXPECT_TRUE((*writer)->add_region("/", Backing::Kernel, Protection::Authenticated, "/"));
    EXPECT_TRUE((*writer)->add_region("/app", Backing::Kernel, Protection::Encrypted, "/e/app"));
    Sealed sealed;
    const std::pair<const char*, size_t> files[] = {{"/clear", 5000},
                                                    {"/clear2", 5000},
                                                    {"/app/one", 5000},
                                                    {"/app/two", 5000},
                                                    {"/app/many", 146 * kBlockSize}};
    unsigned number = content_seed * 100;
    for (auto [path, size] : files) {
        auto content = pattern(size, ++number);
        MemorySource source(content);
        MemorySink sink(sealed.disk[path]);
        EXPECT_TRUE((*writer)->add_file(path, kAttributes, size, source, &sink));
    }
    EXPECT_TRUE((*writer)->add_symlink("/link", kAttributes, "clear"));
    sealed.fspf = std::move(*(*writer)->finish());
    return sealed;
}

Result<void> read_directory(Reader& reader, const Inode& directory, const std::string& path,
                            Disk& disk) {
    DirectoryCursor cursor;
    DirectoryEntry entry;
    while (SCONE_TRY(reader.next_entry(directory, cursor, entry))) {
        std::string name = path + std::string(entry.text());
        base::ByteArray<kMaxLinkSize> target;
        if (entry.inode.type == FileType::Directory)
            SCONE_TRY(read_directory(reader, entry.inode, name + "/", disk));
        else if (entry.inode.type == FileType::Symlink)
            SCONE_TRY(reader.read_link(entry.inode, target));
        else
            SCONE_TRY(read_all(reader, entry.inode, disk[name]));
    }
    return {};
}

// Opens the file system and reads all that is in it.
Result<void> read_everything(const std::vector<uint8_t>& bytes, const Key& key, const Tag& tag,
                             Disk& disk) {
    OpenFileSystem fs(bytes);
    SCONE_TRY(fs.open(key, tag));
    for (size_t i = 0; i < fs.reader.regions().size(); ++i) {
        std::string path(fs.reader.regions()[i].path);
        SCONE_TRY(read_directory(fs.reader, SCONE_TRY(fs.reader.region_root(i)),
                                 path == "/" ? path : path + "/", disk));
    }
    return {};
}

TEST(FspfTamper, EveryByteOfTheFspfMatters) {
    Sealed sealed = build(1, 1);
    ASSERT_TRUE(read_everything(sealed.fspf.bytes, sealed.fspf.key, sealed.fspf.tag, sealed.disk));
    for (size_t at = 0; at < sealed.fspf.bytes.size(); ++at) {
        // One bit each, another in each byte; all bits where the header is parsed before it is
        // verified.
        for (unsigned bit = at < 128 ? 0 : at % 8; bit < 8; bit += at < 128 ? 1 : 8) {
            std::vector<uint8_t> changed = sealed.fspf.bytes;
            changed[at] ^= static_cast<uint8_t>(1u << bit);
            ASSERT_FALSE(read_everything(changed, sealed.fspf.key, sealed.fspf.tag, sealed.disk))
                << "byte " << at << " bit " << bit;
        }
    }
}

TEST(FspfTamper, EveryByteOfABackingFileMatters) {
    Sealed sealed = build(1, 1);
    OpenFileSystem fs(sealed.fspf.bytes);
    ASSERT_TRUE(fs.open(sealed.fspf.key, sealed.fspf.tag));
    for (const char* path : {"/clear", "/app/one"}) {
        Inode inode = *fs.reader.lookup_path(path);
        for (size_t at = 0; at < sealed.disk[path].size(); ++at) {
            auto changed = sealed.disk[path];
            changed[at] ^= static_cast<uint8_t>(1u << (at % 8));
            auto content = read_all(fs.reader, inode, changed);
            ASSERT_FALSE(content) << path << " byte " << at;
            ASSERT_EQ(content.error(), ErrorCode::Corrupt);
            ASSERT_EQ(content.error().number, at / kBlockSize);
        }
    }
}

TEST(FspfTamper, RefusedBlocksAreWiped) {
    Sealed sealed = build(1, 1);
    OpenFileSystem fs(sealed.fspf.bytes);
    ASSERT_TRUE(fs.open(sealed.fspf.key, sealed.fspf.tag));
    for (const char* path : {"/clear", "/app/one"}) {
        Inode inode = *fs.reader.lookup_path(path);
        auto key = std::make_unique<ContentKey>();
        ASSERT_TRUE(fs.reader.load_content_key(inode, *key));
        auto changed = sealed.disk[path];
        changed[5] ^= 1;
        base::ByteArray<kBlockSize> out;
        out.fill(7);
        ASSERT_FALSE(fs.reader.read_block(inode, *key, 0, source_of(changed), out));
        EXPECT_EQ(out, base::ByteArray<kBlockSize>{});
    }
}

TEST(FspfTamper, SwappedFilesAndBlocksAreRefused) {
    Sealed sealed = build(1, 1);
    OpenFileSystem fs(sealed.fspf.bytes);
    ASSERT_TRUE(fs.open(sealed.fspf.key, sealed.fspf.tag));
    Disk& disk = sealed.disk;
    for (auto [a, b] : {std::pair("/clear", "/clear2"), std::pair("/app/one", "/app/two"),
                        std::pair("/clear", "/app/one")})
        EXPECT_EQ(read_all(fs.reader, *fs.reader.lookup_path(a), disk[b]).error(),
                  ErrorCode::Corrupt);
    auto swapped = disk["/app/many"];
    std::swap_ranges(swapped.begin(), swapped.begin() + kBlockSize, swapped.begin() + kBlockSize);
    EXPECT_EQ(read_all(fs.reader, *fs.reader.lookup_path("/app/many"), swapped).error(),
              ErrorCode::Corrupt);
}

TEST(FspfTamper, TruncatedFilesAreRefusedAndWhatFollowsIsNotRead) {
    Sealed sealed = build(1, 1);
    OpenFileSystem fs(sealed.fspf.bytes);
    ASSERT_TRUE(fs.open(sealed.fspf.key, sealed.fspf.tag));
    for (const char* path : {"/clear", "/app/one"}) {
        Inode inode = *fs.reader.lookup_path(path);
        for (size_t size : {0u, 1u, 4095u, 4096u, 4999u}) {
            auto shorter = sealed.disk[path];
            shorter.resize(size);
            EXPECT_EQ(read_all(fs.reader, inode, shorter).error(), ErrorCode::Corrupt) << size;
        }
        auto longer = sealed.disk[path];
        longer.resize(20000);
        EXPECT_EQ(*read_all(fs.reader, inode, longer),
                  *read_all(fs.reader, inode, sealed.disk[path]));
    }
}

TEST(FspfTamper, OldStatesAreRefused) {
    // The same keys, other content: what a host keeps from before an update.
    Sealed old = build(1, 1), current = build(1, 2);
    ASSERT_TRUE(old.fspf.key == current.fspf.key);
    EXPECT_EQ(read_everything(old.fspf.bytes, current.fspf.key, current.fspf.tag, old.disk).error(),
              ErrorCode::Stale);
    EXPECT_EQ(
        read_everything(current.fspf.bytes, current.fspf.key, current.fspf.tag, old.disk).error(),
        ErrorCode::Corrupt);
    // The current header over each single old page.
    for (size_t page = 1; page < current.fspf.bytes.size() / kPageSize; ++page) {
        auto mixed = current.fspf.bytes;
        std::copy_n(old.fspf.bytes.begin() + static_cast<ptrdiff_t>(page * kPageSize), kPageSize,
                    mixed.begin() + static_cast<ptrdiff_t>(page * kPageSize));
        if (mixed == current.fspf.bytes)
            continue;
        EXPECT_EQ(read_everything(mixed, current.fspf.key, current.fspf.tag, current.disk).error(),
                  ErrorCode::CorruptPage);
    }
}

TEST(FspfTamper, WrongKeyAndCutFileAreRefused) {
    Sealed sealed = build(1, 1);
    EXPECT_EQ(read_everything(sealed.fspf.bytes, seed_key(3), sealed.fspf.tag, sealed.disk).error(),
              ErrorCode::WrongKey);
    for (size_t size = 0; size < sealed.fspf.bytes.size(); size += 511) {
        auto cut = sealed.fspf.bytes;
        cut.resize(size);
        EXPECT_FALSE(read_everything(cut, sealed.fspf.key, sealed.fspf.tag, sealed.disk)) << size;
    }
}

TEST(FspfTamper, SwappedPagesAreRefused) {
    Sealed sealed = build(1, 1);
    size_t pages = sealed.fspf.bytes.size() / kPageSize;
    for (size_t a = 1; a < pages; ++a)
        for (size_t b = a + 1; b < pages; ++b) {
            auto mixed = sealed.fspf.bytes;
            std::swap_ranges(mixed.begin() + static_cast<ptrdiff_t>(a * kPageSize),
                             mixed.begin() + static_cast<ptrdiff_t>((a + 1) * kPageSize),
                             mixed.begin() + static_cast<ptrdiff_t>(b * kPageSize));
            EXPECT_EQ(read_everything(mixed, sealed.fspf.key, sealed.fspf.tag, sealed.disk).error(),
                      ErrorCode::CorruptPage);
        }
}

}  // namespace
}  // namespace scone::fspf::test
