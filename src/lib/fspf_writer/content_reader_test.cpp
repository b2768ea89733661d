// Ranges of files, kept blocks, reading ahead, and what a lying host causes there.
#include "lib/fspf/content_reader.h"

#include <gtest/gtest.h>

#include <mutex>
#include <thread>

#include "lib/fspf_writer/test_tree.h"

namespace scone::fspf::test {
namespace {

constexpr size_t kSize = 50 * kBlockSize + 123;

Lock lock_of(std::mutex& mutex) {
    return {&mutex, [](void* m) { static_cast<std::mutex*>(m)->lock(); },
            [](void* m) { static_cast<std::mutex*>(m)->unlock(); }};
}

struct Backing {
    std::vector<uint8_t> bytes;
    std::atomic<int> reads = 0;
    bool fails = false;
    BlockSource source() {
        return {this, [](void* context, uint64_t offset, base::MutableBytes out) -> Result<size_t> {
                    auto& self = *static_cast<Backing*>(context);
                    ++self.reads;
                    if (self.fails)
                        return fail(ErrorCode::Host, "refused");
                    return source_of(self.bytes).read(&self.bytes, offset, out);
                }};
    }
};

struct ContentReading : testing::TestWithParam<Protection> {
    ContentReading() : content(pattern(kSize, 5)) {
        memory.reserve(64);
        auto writer = Writer::create(host_cipher());
        EXPECT_TRUE((*writer)->add_region("/", fspf::Backing::Kernel, GetParam(), "/fspf"));
        MemorySource source(content);
        MemorySink sink(backing.bytes);
        EXPECT_TRUE((*writer)->add_file("/f", {}, content.size(), source, &sink));
        auto sealed = (*writer)->finish();
        fs = std::make_unique<OpenFileSystem>(sealed->bytes);
        EXPECT_TRUE(fs->open(sealed->key, sealed->tag));
        cache.open(slots, {&memory, [](void* context) -> uint8_t* {
                               auto& all = *static_cast<std::vector<Block>*>(context);
                               return all.size() < all.capacity() ? all.emplace_back().bytes
                                                                  : nullptr;
                           }});
        locked.open(fs->reader, lock_of(reader_mutex));
        reader.open(host_cipher(), fs->reader.authenticator(), locked, cache, lock_of(cache_mutex));
        open(file);
    }

    void open(OpenContent& to) {
        auto inode = locked.run([](Reader& from) { return from.lookup_path("/f"); });
        ASSERT_TRUE(inode);
        EXPECT_TRUE(reader.open_content(*inode, to));
        to.backing = backing.source();
    }
    Result<std::vector<uint8_t>> read(OpenContent& from, uint64_t offset, uint64_t size) {
        std::vector<uint8_t> out, scratch(ContentReader::kScratchSize);
        ContentOutput output{&out, [](void* context, uint64_t at, base::Bytes bytes) {
                                 auto& all = *static_cast<std::vector<uint8_t>*>(context);
                                 EXPECT_EQ(at, all.size());
                                 all.insert(all.end(), bytes.begin(), bytes.end());
                                 return true;
                             }};
        uint64_t count = SCONE_TRY(reader.read(from, offset, size, output, scratch));
        EXPECT_EQ(count, out.size());
        return out;
    }
    std::vector<uint8_t> expected(uint64_t offset, uint64_t size) {
        auto begin = content.begin() + static_cast<ptrdiff_t>(std::min<uint64_t>(offset, kSize));
        return {begin, begin + static_cast<ptrdiff_t>(std::min<uint64_t>(
                                   size, static_cast<size_t>(content.end() - begin)))};
    }

    std::vector<uint8_t> content;
    Backing backing;
    std::unique_ptr<OpenFileSystem> fs;
    struct alignas(64) Block {
        uint8_t bytes[kBlockSize];
    };
    std::vector<Block> memory;
    std::vector<BlockSlot> slots{64};
    BlockCache cache;
    LockedReader locked;
    std::mutex reader_mutex, cache_mutex;
    ContentReader reader;
    OpenContent file;
};

TEST_P(ContentReading, EveryRangeIsRight) {
    const uint64_t offsets[] = {0,     1,      4095,      4096,  4097,     65535,
                                65536, 200000, kSize - 1, kSize, kSize + 9};
    const uint64_t sizes[] = {0, 1, 4095, 4096, 4097, 65536, 65537, kSize, 1u << 30};
    for (uint64_t offset : offsets)
        for (uint64_t size : sizes) {
            auto got = read(file, offset, size);
            ASSERT_TRUE(got);
            ASSERT_EQ(*got, expected(offset, size)) << offset << " " << size;
        }
}

TEST_P(ContentReading, SequentialReadsFetchAheadAndOpensShareWhatIsKept) {
    for (uint64_t at = 0; at < kSize; at += 1000)
        ASSERT_EQ(*read(file, at, 1000), expected(at, 1000));
    EXPECT_EQ(backing.reads, 4);  // 51 blocks in runs of 16
    OpenContent second;
    open(second);
    for (uint64_t at = 0; at < kSize; at += 1000)
        ASSERT_EQ(*read(second, at, 1000), expected(at, 1000));
    EXPECT_LE(backing.reads, 6);
}

TEST_P(ContentReading, LargeReadsLeaveTheCacheAlone) {
    ASSERT_TRUE(read(file, 0, kSize));
    EXPECT_FALSE(cache.holds(file.inode.id, 0));
    ASSERT_TRUE(read(file, 40 * kBlockSize, 10));
    EXPECT_TRUE(cache.holds(file.inode.id, 40));
    EXPECT_FALSE(cache.holds(file.inode.id, 42));  // not sequential: one block
}

TEST_P(ContentReading, AChangedBlockFailsWhenItIsAskedForNotBefore) {
    backing.bytes[5 * kBlockSize + 7] ^= 1;
    EXPECT_EQ(*read(file, 0, 100), expected(0, 100));  // fetched ahead as far as it is good
    auto refused = read(file, 5 * kBlockSize, 1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), ErrorCode::Corrupt);
    EXPECT_EQ(refused.error().number, 5u);
    refused = read(file, 3 * kBlockSize, 4 * kBlockSize);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().number, 5u);
    EXPECT_EQ(*read(file, 6 * kBlockSize, 100), expected(6 * kBlockSize, 100));
}

TEST_P(ContentReading, CutFilesAndFailingHostsAreErrors) {
    backing.bytes.resize(kSize - 1);
    EXPECT_EQ(read(file, 50 * kBlockSize, 1).error(), ErrorCode::Corrupt);
    EXPECT_EQ(*read(file, 49 * kBlockSize, 1), expected(49 * kBlockSize, 1));
    backing.fails = true;
    EXPECT_EQ(read(file, 20 * kBlockSize, 1).error(), ErrorCode::Host);
    EXPECT_EQ(*read(file, 49 * kBlockSize, 1), expected(49 * kBlockSize, 1));  // kept
}

TEST_P(ContentReading, ThreadsReadTheSameFile) {
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            OpenContent own;
            open(own);
            uint64_t at = t * 7777;
            for (int i = 0; i < 500; ++i, at = (at * 31 + 12345) % kSize)
                EXPECT_EQ(*read(i % 2 ? own : file, at, 9000), expected(at, 9000));
        });
    for (auto& thread : threads)
        thread.join();
}

TEST_P(ContentReading, KeptBlocksNeedNoHost) {
    ASSERT_TRUE(read(file, 0, 100));
    backing.fails = true;
    std::vector<uint8_t> out;
    ContentOutput output{&out, [](void* context, uint64_t, base::Bytes bytes) {
                             auto& all = *static_cast<std::vector<uint8_t>*>(context);
                             all.insert(all.end(), bytes.begin(), bytes.end());
                             return true;
                         }};
    auto count = reader.read_kept(file.inode, 5000, 1u << 20, output);
    ASSERT_TRUE(count);
    EXPECT_EQ(*count, 16 * kBlockSize - 5000);  // what one run brought
    EXPECT_EQ(out, expected(5000, *count));
    EXPECT_EQ(*reader.read_kept(file.inode, 40 * kBlockSize, 10, output), 0u);
}

TEST_P(ContentReading, PinnedBlocksStayWhileOthersCome) {
    ASSERT_TRUE(read(file, 0, 100));
    BlockSlot* pinned = cache.pin(file.inode.id, 3);
    ASSERT_NE(pinned, nullptr);
    std::vector<uint8_t> other(kBlockSize, 9);
    for (uint64_t i = 0; i < 1000; ++i)
        cache.keep(777, i, other);
    EXPECT_EQ(std::vector<uint8_t>(pinned->block().begin(), pinned->block().end()),
              expected(3 * kBlockSize, kBlockSize));
    EXPECT_FALSE(cache.holds(file.inode.id, 4));
    BlockCache::unpin(*pinned);
    EXPECT_EQ(memory.size(), 64u);  // what there was to give
}

INSTANTIATE_TEST_SUITE_P(Both, ContentReading,
                         testing::Values(Protection::Authenticated, Protection::Encrypted));

}  // namespace
}  // namespace scone::fspf::test
