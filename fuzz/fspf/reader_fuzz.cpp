// Reads a whole file system whose pages were changed behind the back of the cipher: the cipher here
// copies and accepts every tag, so that what follows verification is reached.
//
// Input: records of 4 bytes, u24 LE place and a byte to put there, over a file system of a few
// pages.
#include <cstring>

#include "lib/fspf_writer/test_tree.h"

using namespace scone;
using namespace scone::fspf;

namespace {

constexpr aead::AesGcm256 kOpenCipher{
    [](const uint8_t*, aead::GcmKeyContext&) {},
    [](const aead::GcmKeyContext&, const aead::GcmMessage& message, uint8_t* tag) {
        if (message.size > 0)
            memmove(message.out, message.in, message.size);
        memset(tag, 0, kTagSize);
    },
    [](const aead::GcmKeyContext&, const aead::GcmMessage& message, uint8_t* tag) {
        if (message.size > 0)
            memmove(message.out, message.in, message.size);
        memset(tag, 0, kTagSize);
    },
};

std::vector<uint8_t> build() {
    auto writer = std::move(*Writer::create(kOpenCipher, test::seed_key(1)));
    (void)writer->add_region("/", Backing::Kernel, Protection::Authenticated, "/");
    (void)writer->add_region("/app", Backing::Kernel, Protection::Encrypted, "/e/app");
    (void)writer->add_region("/tmp", Backing::Ephemeral, Protection::None, "");
    for (int i = 0; i < 60; ++i) {
        auto content = test::pattern(i == 7 ? 300 * kBlockSize : static_cast<size_t>(i), 1);
        test::MemorySource source(content);
        std::vector<uint8_t> stored;
        test::MemorySink sink(stored);
        (void)writer->add_file((i % 2 ? "/app/d/f" : "/e/f") + std::to_string(i), {},
                               content.size(), source, &sink);
    }
    (void)writer->add_hard_link("/e/again", "/e/f2");
    (void)writer->add_symlink("/e/link", {}, "target");
    return std::move(writer->finish()->bytes);
}

void read_file(Reader& reader, const Inode& file) {
    static const std::vector<uint8_t> backing(64 * kBlockSize);
    auto key = std::make_unique<ContentKey>();
    if (!reader.load_content_key(file, *key))
        return;
    base::ByteArray<kBlockSize> block;
    uint64_t count = block_count(file.size);
    for (uint64_t i = 0; i < count; i = i * 3 + 1)
        (void)reader.read_block(file, *key, i, test::source_of(backing), block);
    if (count > 0)
        (void)reader.read_block(file, *key, count - 1, test::source_of(backing), block);
}

void read_directory(Reader& reader, const Inode& directory, int depth) {
    if (depth == 0)
        return;
    DirectoryCursor cursor;
    DirectoryEntry entry;
    for (int i = 0; i < 100; ++i) {
        auto more = reader.next_entry(directory, cursor, entry);
        if (!more || !*more)
            return;
        (void)reader.lookup(directory, entry.text());
        base::ByteArray<kMaxLinkSize> target;
        (void)reader.read_link(entry.inode, target);
        if (entry.inode.type == FileType::Directory)
            read_directory(reader, entry.inode, depth - 1);
        else
            read_file(reader, entry.inode);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const std::vector<uint8_t> original = build();
    std::vector<uint8_t> bytes = original;
    for (size_t at = 0; at + 4 <= size; at += 4) {
        size_t place = data[at] | data[at + 1] << 8 | data[at + 2] << 16;
        bytes[place % bytes.size()] = data[at + 3];
    }
    std::vector<PageSlot> slots(PageStore::kWays);
    auto regions = std::make_unique<RegionStore>();
    Reader reader;
    if (!reader.open(kOpenCipher, test::source_of(bytes), test::seed_key(1), Tag{}, slots, *regions,
                     ClearKey::Accept))
        return 0;
    for (size_t i = 0; i < reader.regions().size(); ++i)
        if (auto root = reader.region_root(i))
            read_directory(reader, *root, 4);
    (void)reader.lookup_path("/app/d/f7");
    return 0;
}
