// Settings pages: what goes in comes out, and nothing else is accepted.
#include "lib/sgx/settings_page.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lib/base/endian.h"
#include "lib/sgx/image_for_test.h"

namespace scone::sgx {
namespace {

aead::Digest digest_of(uint8_t value) {
    aead::Digest digest;
    digest.fill(value);
    return digest;
}

Settings full_settings() {
    Settings settings;
    settings.heap_size = kGiB;
    settings.stack_size = 4 * kMiB;
    settings.tcs_count = 64;
    settings.dlopen = Dlopen::Authenticated;
    settings.mprotect = Mprotect::Allowed;
    settings.fork = Fork::Allowed;
    settings.flags = kSettingsFlagFsRequired | kSettingsFlagAttestation;
    settings.extensions_digest = digest_of(1);
    settings.binary_fs_root = digest_of(2);
    settings.plan_digest = digest_of(3);
    return settings;
}

std::vector<MeasuredFile> python_files() {
    return {{FileRole::Program, "/usr/bin/python3.11", digest_of(4)},
            {FileRole::Interpreter, "/lib64/ld-linux-x86-64.so.2", digest_of(5)},
            {FileRole::Library, "/lib/x86_64-linux-gnu/libc.so.6", digest_of(6)},
            {FileRole::Library, "/lib/x86_64-linux-gnu/libm.so.6", digest_of(7)}};
}

TEST(SettingsPage, ReturnsWhatWasEncoded) {
    std::vector<uint8_t> pages = settings_pages(full_settings(), python_files());
    ASSERT_EQ(pages.size(), kPageSize);
    auto page = decode_settings(pages);
    ASSERT_TRUE(page);
    const Settings& settings = page->settings();
    EXPECT_EQ(settings.elrange_size, kDefaultElrangeSize);
    EXPECT_EQ(settings.heap_size, kGiB);
    EXPECT_EQ(settings.stack_size, 4 * kMiB);
    EXPECT_EQ(settings.tcs_count, 64u);
    EXPECT_EQ(settings.dlopen, Dlopen::Authenticated);
    EXPECT_EQ(settings.mprotect, Mprotect::Allowed);
    EXPECT_EQ(settings.fork, Fork::Allowed);
    EXPECT_EQ(settings.flags, 3u);
    EXPECT_EQ(settings.extensions_digest, digest_of(1));
    EXPECT_EQ(settings.binary_fs_root, digest_of(2));
    EXPECT_EQ(settings.plan_digest, digest_of(3));
    std::vector<MeasuredFile> expected = python_files();
    size_t index = 0;
    page->for_each_file([&](const MeasuredFile& file) {
        ASSERT_LT(index, expected.size());
        EXPECT_EQ(file.role, expected[index].role);
        EXPECT_EQ(file.path, expected[index].path);
        EXPECT_EQ(file.digest, expected[index].digest);
        ++index;
    });
    EXPECT_EQ(index, 4u);
    EXPECT_EQ(page->file_count(), 4u);
}

TEST(SettingsPage, HasTheDocumentedLayout) {
    std::vector<uint8_t> pages = settings_pages(full_settings(), python_files());
    EXPECT_EQ(std::string(pages.begin(), pages.begin() + 8), "SCONESET");
    EXPECT_EQ(base::load_le32(pages.data() + 8), 1u);
    EXPECT_EQ(base::load_le64(pages.data() + 24), kGiB);
    EXPECT_EQ(base::load_le32(pages.data() + 160), 4u);
    EXPECT_EQ(pages[256], 1);
    EXPECT_EQ(base::load_le16(pages.data() + 258), 19u);
    EXPECT_EQ(std::string(pages.begin() + 292, pages.begin() + 311), "/usr/bin/python3.11");
}

TEST(SettingsPage, FillsUpToSixteenPages) {
    std::vector<std::string> paths;
    for (int i = 0; i < 600; ++i)
        paths.push_back("/lib/x86_64-linux-gnu/very/long/folder/name/library-" + std::to_string(i) +
                        ".so");
    std::vector<MeasuredFile> files;
    for (const std::string& path : paths)
        files.push_back({FileRole::Library, path, digest_of(9)});
    std::vector<uint8_t> pages = settings_pages(Settings{}, files);
    ASSERT_EQ(pages.size(), kPageSize * *settings_page_count(files));
    EXPECT_GT(pages.size(), 13 * kPageSize);
    auto page = decode_settings(pages);
    ASSERT_TRUE(page);
    EXPECT_EQ(page->file_count(), 600u);

    std::string long_path = "/" + std::string(4000, 'x');
    for (char c = 'a'; c < 'q'; ++c)
        paths.push_back(long_path + c);
    for (size_t i = 600; i < paths.size(); ++i)
        files.push_back({FileRole::Library, paths[i], digest_of(9)});
    EXPECT_EQ(settings_page_count(files).error(), ErrorCode::TooLarge);
    std::vector<uint8_t> out(kMaxSettingsSize);
    EXPECT_EQ(encode_settings(Settings{}, files, out).error(), ErrorCode::TooLarge);
    EXPECT_EQ(encode_settings(Settings{}, {}, base::MutableBytes(out).first(4095)).error(),
              ErrorCode::TooLarge);
}

TEST(SettingsPage, RefusesValuesOnBothSides) {
    auto refused = [](auto change, size_t offset, uint8_t value) {
        Settings settings = full_settings();
        change(settings);
        std::vector<uint8_t> out(kPageSize);
        EXPECT_EQ(encode_settings(settings, {}, out).error(), ErrorCode::BadSettings) << offset;
        std::vector<uint8_t> pages = settings_pages(full_settings());
        pages[offset] = value;
        EXPECT_EQ(decode_settings(pages).error(), ErrorCode::BadSettings) << offset;
    };
    refused([](Settings& s) { s.elrange_size += 1; }, 16, 1);
    refused([](Settings& s) { s.elrange_size = 4 * kGiB; }, 20, 1);
    refused([](Settings& s) { s.heap_size += 1; }, 24, 1);
    refused([](Settings& s) { s.heap_size = 64 * kGiB; }, 28, 16);
    refused([](Settings& s) { s.heap_size = 4096; }, 27, 0);
    refused([](Settings& s) { s.stack_size += 512; }, 33, 2);
    refused([](Settings& s) { s.stack_size = 2 * kGiB; }, 35, 0x80);
    refused([](Settings& s) { s.tcs_count = 0; }, 40, 0);
    refused([](Settings& s) { s.tcs_count = 1901; }, 41, 8);
    refused([](Settings& s) { s.flags = 4; }, 44, 4);
    refused([](Settings& s) { s.dlopen = static_cast<Dlopen>(3); }, 48, 3);
    refused([](Settings& s) { s.mprotect = static_cast<Mprotect>(2); }, 49, 2);
    refused([](Settings& s) { s.fork = static_cast<Fork>(2); }, 50, 2);
}

TEST(SettingsPage, RefusesPathsThatAreNotNormal) {
    std::vector<uint8_t> out(kMaxSettingsSize);
    for (std::string path :
         {"", "/", "relative", "//double", "/a/", "/a/./b", "/a/../b", "/..", "/.", "/a//b"}) {
        MeasuredFile file{FileRole::Library, path, digest_of(1)};
        EXPECT_EQ(encode_settings(Settings{}, {&file, 1}, out).error(), ErrorCode::Malformed)
            << path;
    }
    std::string with_nul("/a\0b", 4), too_long = "/" + std::string(4095, 'x');
    for (const std::string& path : {with_nul, too_long}) {
        MeasuredFile file{FileRole::Library, path, digest_of(1)};
        EXPECT_EQ(encode_settings(Settings{}, {&file, 1}, out).error(), ErrorCode::Malformed);
    }
    for (std::string path : {"/a", "/...", "/a/.hidden", "/a/..b", "/a.b/c"}) {
        MeasuredFile file{FileRole::Library, path, digest_of(1)};
        EXPECT_TRUE(encode_settings(Settings{}, {&file, 1}, out)) << path;
    }
}

TEST(SettingsPage, RefusesFilesThatContradictEachOther) {
    std::vector<uint8_t> out(kMaxSettingsSize);
    auto refused = [&](std::vector<MeasuredFile> files) {
        auto encoded = encode_settings(Settings{}, files, out);
        return !encoded && encoded.error() == ErrorCode::Malformed;
    };
    std::vector<MeasuredFile> files = python_files();
    EXPECT_TRUE(refused({files[1], files[0]}));            // the program is not first
    EXPECT_TRUE(refused({files[0], files[2], files[2]}));  // a path twice
    MeasuredFile second = files[1];
    second.path = "/lib/ld-musl-x86_64.so.1";
    EXPECT_TRUE(refused({files[0], files[1], second}));
    second.role = static_cast<FileRole>(4);
    EXPECT_TRUE(refused({files[0], second}));
    EXPECT_TRUE(encode_settings(Settings{}, files, out));
}

TEST(SettingsPage, RefusesWrongSizesVersionAndPadding) {
    std::vector<uint8_t> pages = settings_pages(full_settings(), python_files());
    EXPECT_EQ(decode_settings({}).error(), ErrorCode::Truncated);
    EXPECT_EQ(decode_settings(base::Bytes(pages).first(4095)).error(), ErrorCode::Truncated);
    std::vector<uint8_t> more = pages;
    more.resize(2 * kPageSize);
    EXPECT_EQ(decode_settings(more).error(), ErrorCode::Malformed);
    more.resize(17 * kPageSize);
    EXPECT_EQ(decode_settings(more).error(), ErrorCode::TooLarge);
    auto changed = [&](size_t at, uint8_t value) {
        std::vector<uint8_t> copy = pages;
        copy[at] = value;
        auto page = decode_settings(copy);
        return page ? ErrorCode::BadMac : page.error().code;
    };
    EXPECT_EQ(changed(0, 'X'), ErrorCode::Malformed);
    EXPECT_EQ(changed(8, 2), ErrorCode::UnknownVersion);
    EXPECT_EQ(changed(4095, 1), ErrorCode::Malformed);
    EXPECT_EQ(changed(161, 0xFF), ErrorCode::TooLarge);
    EXPECT_EQ(changed(167, 0xFF), ErrorCode::Malformed);
    EXPECT_EQ(changed(257, 1), ErrorCode::Malformed);
    for (size_t at : {12u, 15u, 51u, 63u, 168u, 255u})
        EXPECT_EQ(changed(at, 1), ErrorCode::Malformed) << at;
}

TEST(SettingsPage, EachChangedByteIsSeenOrRefused) {
    // What decodes must encode back to the same bytes: no byte is ignored.
    std::vector<uint8_t> pages = settings_pages(full_settings(), python_files());
    for (size_t at = 0; at < 600; ++at) {
        for (int flip : {1, 0x80, 0xFF}) {
            std::vector<uint8_t> copy = pages;
            copy[at] = static_cast<uint8_t>(copy[at] ^ flip);
            auto page = decode_settings(copy);
            if (!page)
                continue;
            std::vector<MeasuredFile> files;
            page->for_each_file([&](const MeasuredFile& file) { files.push_back(file); });
            EXPECT_EQ(settings_pages(page->settings(), files), copy) << at;
        }
    }
}

}  // namespace
}  // namespace scone::sgx
