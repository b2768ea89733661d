// What one open costs in a large file system, and that independent files may be added in parallel.
#include <gtest/gtest.h>

#include <thread>

#include "lib/fspf_writer/test_tree.h"

namespace scone::fspf::test {
namespace {

constexpr Attributes kAttributes{0644, 0, 0, {}};

TEST(FspfScale, OpeningOneOf100000FilesReadsLessThan64KiB) {
    auto writer = Writer::create(host_cipher());
    ASSERT_TRUE((*writer)->add_region("/", Backing::Kernel, Protection::Encrypted, "/fspf"));
    auto content = pattern(50, 1);
    auto path_of = [](int i) {
        return "/usr/lib/package-" + std::to_string(i / 500) + "/modules/part-" +
               std::to_string(i / 50 % 10) + "/a_source_file_name_" + std::to_string(i) + ".py";
    };
    for (int i = 0; i < 100'000; ++i) {
        MemorySource source(content);
        std::vector<uint8_t> stored;
        MemorySink sink(stored);
        ASSERT_TRUE((*writer)->add_file(path_of(i), kAttributes, content.size(), source, &sink));
    }
    auto sealed = (*writer)->finish();
    ASSERT_TRUE(sealed);
    uint64_t most = 0;
    for (int i = 0; i < 100'000; i += 1237) {
        OpenFileSystem fs(sealed->bytes);
        ASSERT_TRUE(fs.open(sealed->key, sealed->tag));
        auto inode = fs.reader.lookup_path(path_of(i));
        ASSERT_TRUE(inode);
        ASSERT_TRUE(fs.reader.block_entry(*inode, 0));
        most = std::max(most, (fs.reader.pages_read() + 1) * kPageSize);  // and the header
    }
    RecordProperty("fspf_size", std::to_string(sealed->bytes.size()));
    RecordProperty("metadata_read", std::to_string(most));
    printf("fspf of %zu bytes, at most %zu read for one open\n", sealed->bytes.size(),
           static_cast<size_t>(most));
    EXPECT_LT(most, 64u * 1024);
}

TEST(FspfScale, FilesMayBeAddedInParallel) {
    auto writer = Writer::create(host_cipher());
    ASSERT_TRUE((*writer)->add_region("/", Backing::Kernel, Protection::Encrypted, "/fspf"));
    constexpr int kThreads = 4, kFiles = 200;
    std::vector<Disk> disks(kThreads);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < kFiles; ++i) {
                std::string path =
                    "/d" + std::to_string(i % 7) + "/" + std::to_string(t * kFiles + i);
                auto content = pattern(5000, static_cast<unsigned>(t * kFiles + i));
                MemorySource source(content);
                MemorySink sink(disks[t][path]);
                EXPECT_TRUE((*writer)->add_file(path, kAttributes, content.size(), source, &sink));
            }
        });
    for (auto& thread : threads)
        thread.join();
    auto sealed = (*writer)->finish();
    OpenFileSystem fs(sealed->bytes);
    ASSERT_TRUE(fs.open(sealed->key, sealed->tag));
    for (Disk& disk : disks)
        for (auto& [path, stored] : disk) {
            auto number = static_cast<unsigned>(std::stoi(path.substr(path.rfind('/') + 1)));
            EXPECT_EQ(*read_all(fs.reader, *fs.reader.lookup_path(path), stored),
                      pattern(5000, number));
        }
}

}  // namespace
}  // namespace scone::fspf::test
