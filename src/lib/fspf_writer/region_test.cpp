// Which region holds for a path, and where its bytes are.
#include <gtest/gtest.h>

#include "lib/fspf_writer/test_tree.h"

namespace scone::fspf::test {
namespace {

RegionRecord region(std::string_view path, std::string_view backing) {
    RegionRecord record;
    record.path = path;
    record.backing_path = backing;
    return record;
}

TEST(FspfRegion, TheLongestPrefixHolds) {
    const RegionRecord regions[] = {region("/app", "/e/app"), region("/", "/"),
                                    region("/app/data", "/x"), region("/apple", "/y")};
    EXPECT_EQ(find_region(regions, "/"), 1u);
    EXPECT_EQ(find_region(regions, "/ap"), 1u);
    EXPECT_EQ(find_region(regions, "/app"), 0u);
    EXPECT_EQ(find_region(regions, "/app/x"), 0u);
    EXPECT_EQ(find_region(regions, "/app/data"), 2u);
    EXPECT_EQ(find_region(regions, "/app/data/x/y"), 2u);
    EXPECT_EQ(find_region(regions, "/app/database"), 0u);
    EXPECT_EQ(find_region(regions, "/apples"), 1u);
    EXPECT_EQ(find_region(std::span(regions).first(1), "/x"), std::nullopt);
}

TEST(FspfRegion, BackingPathsFollowTheRegion) {
    std::array<char, 64> out;
    EXPECT_EQ(*backing_path(region("/", "/"), "/etc/x", out), "/etc/x");
    EXPECT_EQ(*backing_path(region("/", "/"), "/", out), "/");
    EXPECT_EQ(*backing_path(region("/", "/root"), "/x", out), "/root/x");
    EXPECT_EQ(*backing_path(region("/", "/root"), "/", out), "/root");
    EXPECT_EQ(*backing_path(region("/app", "/e/app"), "/app", out), "/e/app");
    EXPECT_EQ(*backing_path(region("/app", "/e/app"), "/app/x/y", out), "/e/app/x/y");
    EXPECT_EQ(*backing_path(region("/app", "/"), "/app/x", out), "/x");
    EXPECT_EQ(backing_path(region("/app", "/e"), "/other", out).error(), ErrorCode::NoRegion);
    EXPECT_EQ(backing_path(region("/", "/"), "/" + std::string(64, 'x'), out).error(),
              ErrorCode::TooLarge);
}

TEST(FspfRegion, OnlyCleanPathsAreAccepted) {
    for (const char* path : {"/", "/a", "/a/b.c", "/...", "/a/..b", "/ a"})
        EXPECT_TRUE(is_clean_path(path)) << path;
    for (const char* path : {"", "a", "//", "/a/", "/a//b", "/.", "/..", "/a/./b", "/a/../b"})
        EXPECT_FALSE(is_clean_path(path)) << path;
    EXPECT_FALSE(is_clean_path(std::string_view("/a\0b", 4)));
    EXPECT_TRUE(is_clean_path("/" + std::string(255, 'x')));
    EXPECT_FALSE(is_clean_path("/" + std::string(256, 'x')));
    std::string deep;
    while (deep.size() < 1022)
        deep += "/x";
    EXPECT_TRUE(is_clean_path(deep));
    EXPECT_FALSE(is_clean_path(deep + "/x"));
}

TEST(FspfRegion, EveryClassIsKept) {
    auto writer = Writer::create(host_cipher());
    struct {
        const char* path;
        Backing backing;
        Protection protection;
        const char* where;
    } const regions[] = {
        {"/", Backing::Kernel, Protection::None, "/"},
        {"/a", Backing::Kernel, Protection::Authenticated, "/a"},
        {"/e", Backing::Kernel, Protection::Encrypted, "/fspf/encrypted-files/e"},
        {"/tmp", Backing::Ephemeral, Protection::Encrypted, ""},
        {"/run", Backing::Ephemeral, Protection::None, ""},
        {"/var", Backing::Ephemeral, Protection::Authenticated, ""},
    };
    for (auto& r : regions)
        ASSERT_TRUE((*writer)->add_region(r.path, r.backing, r.protection, r.where));
    EXPECT_FALSE((*writer)->add_region("/x", Backing::Kernel, Protection::None, ""));
    EXPECT_FALSE((*writer)->add_region("/x", Backing::Ephemeral, Protection::None, "/x"));
    EXPECT_EQ((*writer)->add_region("/a", Backing::Kernel, Protection::None, "/").error(),
              ErrorCode::Exists);
    auto sealed = (*writer)->finish();
    OpenFileSystem fs(sealed->bytes);
    ASSERT_TRUE(fs.open(sealed->key, sealed->tag));
    ASSERT_EQ(fs.reader.regions().size(), std::size(regions));
    for (size_t i = 0; i < std::size(regions); ++i) {
        const RegionRecord& record = fs.reader.regions()[i];
        EXPECT_EQ(record.path, regions[i].path);
        EXPECT_EQ(record.backing_path, regions[i].where);
        EXPECT_EQ(record.backing, regions[i].backing);
        EXPECT_EQ(record.protection, regions[i].protection);
        bool files =
            regions[i].backing == Backing::Kernel && regions[i].protection != Protection::None;
        EXPECT_EQ(fs.reader.region_root(i).has_value(), files);
    }
    EXPECT_EQ(fs.reader.lookup_path("/tmp/x").error(), ErrorCode::NoRegion);
    EXPECT_EQ(fs.reader.lookup_path("/a/x").error(), ErrorCode::NotFound);
}

TEST(FspfRegion, ARootRegionIsMandatory) {
    auto writer = Writer::create(host_cipher());
    ASSERT_TRUE((*writer)->add_region("/a", Backing::Kernel, Protection::None, "/a"));
    EXPECT_EQ((*writer)->finish().error(), ErrorCode::NoRegion);
    auto open = (*writer)->finish(Seal::ClearKey);
    ASSERT_TRUE(open);
    OpenFileSystem fs(open->bytes);
    EXPECT_TRUE(fs.open(open->key, open->tag, ClearKey::Accept));
    // No region at all: what `scone fspf create` makes.
    auto empty = (*Writer::create(host_cipher()))->finish(Seal::ClearKey);
    ASSERT_TRUE(empty);
    OpenFileSystem nothing(empty->bytes);
    ASSERT_TRUE(nothing.open(empty->key, empty->tag, ClearKey::Accept));
    EXPECT_EQ(nothing.reader.regions().size(), 0u);
}

TEST(FspfRegion, ManyRegionsWithLongPathsFit) {
    auto writer = Writer::create(host_cipher());
    ASSERT_TRUE((*writer)->add_region("/", Backing::Kernel, Protection::Authenticated, "/"));
    for (int i = 0; i < 255; ++i)
        ASSERT_TRUE((*writer)->add_region("/region-" + std::to_string(i), Backing::Kernel,
                                          Protection::Encrypted,
                                          "/fspf/encrypted-files/region-" + std::to_string(i)));
    EXPECT_EQ((*writer)->add_region("/more", Backing::Ephemeral, Protection::None, "").error(),
              ErrorCode::TooLarge);
    auto sealed = (*writer)->finish();
    OpenFileSystem fs(sealed->bytes);
    ASSERT_TRUE(fs.open(sealed->key, sealed->tag));
    EXPECT_EQ(*fs.reader.region_of("/region-254/x"), 255u);
    EXPECT_EQ(fs.reader.regions()[255].backing_path, "/fspf/encrypted-files/region-254");
}

}  // namespace
}  // namespace scone::fspf::test
