// What the tests of this room share: a cipher, files in memory, and a file system opened for
// reading.
//
// Side: test programs
#pragma once

#include <cstring>
#include <map>
#include <string>

#include "lib/aead/host_cpu.h"
#include "lib/fspf_writer/writer.h"

namespace scone::fspf::test {

using aead::host_cipher;

class MemorySource : public ContentSource {
  public:
    explicit MemorySource(base::Bytes bytes) : rest_(bytes) {}
    Result<size_t> read(base::MutableBytes out) override {
        size_t size = std::min(out.size(), rest_.size());
        base::copy_bytes(out, rest_.first(size));
        rest_ = rest_.subspan(size);
        return size;
    }

  protected:
    base::Bytes rest_;
};

class MemorySink : public ContentSink {
  public:
    explicit MemorySink(std::vector<uint8_t>& out) : out_(out) {}
    Result<void> write(base::Bytes bytes) override {
        out_.insert(out_.end(), bytes.begin(), bytes.end());
        return {};
    }
    Result<void> skip(uint64_t size) override {
        out_.resize(out_.size() + size);
        return {};
    }

  private:
    std::vector<uint8_t>& out_;
};

using Disk = std::map<std::string, std::vector<uint8_t>>;  // path of the protected file -> bytes

inline BlockSource source_of(const std::vector<uint8_t>& bytes) {
    return {const_cast<std::vector<uint8_t>*>(&bytes),
            [](void* context, uint64_t offset, base::MutableBytes out) -> Result<size_t> {
                auto& all = *static_cast<const std::vector<uint8_t>*>(context);
                if (offset >= all.size())
                    return 0;
                size_t size = std::min<uint64_t>(out.size(), all.size() - offset);
                memcpy(out.data(), all.data() + offset, size);
                return size;
            }};
}

inline std::vector<uint8_t> pattern(size_t size, unsigned seed) {
    std::vector<uint8_t> bytes(size);
    uint32_t state = seed * 2654435761u + 1;
    for (uint8_t& byte : bytes)
        byte = static_cast<uint8_t>((state = state * 1664525 + 1013904223) >> 24);
    return bytes;
}

inline Key seed_key(uint8_t value) {
    base::ByteArray<32> bytes;
    bytes.fill(value);
    return Key(bytes);
}

// An fspf in memory with all that it needs to be read.
struct OpenFileSystem {
    explicit OpenFileSystem(std::vector<uint8_t> fspf, size_t slot_count = 64)
        : bytes(std::move(fspf)), slots(slot_count), regions(std::make_unique<RegionStore>()) {}

    Result<void> open(const Key& key, const Tag& tag, ClearKey clear = ClearKey::Refuse) {
        return reader.open(host_cipher(), source_of(bytes), key, tag, slots, *regions, clear);
    }

    std::vector<uint8_t> bytes;
    std::vector<PageSlot> slots;
    std::unique_ptr<RegionStore> regions;
    Reader reader;
};

// The whole content of a file.
inline Result<std::vector<uint8_t>> read_all(Reader& reader, const Inode& file,
                                             const std::vector<uint8_t>& backing) {
    auto key = std::make_unique<ContentKey>();
    SCONE_TRY(reader.load_content_key(file, *key));
    std::vector<uint8_t> content;
    base::ByteArray<kBlockSize> block;
    for (uint64_t i = 0; i < block_count(file.size); ++i) {
        size_t size = SCONE_TRY(reader.read_block(file, *key, i, source_of(backing), block));
        content.insert(content.end(), block.begin(), block.begin() + static_cast<ptrdiff_t>(size));
    }
    return content;
}

}  // namespace scone::fspf::test
