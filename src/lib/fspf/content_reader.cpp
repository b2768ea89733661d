#include "lib/fspf/content_reader.h"

namespace scone::fspf {
namespace {

class Guard {
  public:
    explicit Guard(const Lock& lock) : lock_(lock) { lock_.acquire(lock_.context); }
    ~Guard() { lock_.release(lock_.context); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

  private:
    const Lock& lock_;
};

uint64_t smaller(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

}  // namespace

void ContentReader::open(const aead::AesGcm256& cipher, Reader& reader, Lock reader_lock,
                         BlockCache& cache, Lock cache_lock) {
    cipher_ = &cipher;
    reader_ = &reader;
    cache_ = &cache;
    reader_lock_ = reader_lock;
    cache_lock_ = cache_lock;
    aead::gcm_set_key(cipher, reader.authenticator(), authenticator_.context);
}

Result<void> ContentReader::open_content(const Inode& file, OpenContent& content) {
    if (file.type != FileType::Regular)
        return fail(ErrorCode::NotFound, "only regular files have content", file.id);
    content.inode = file;
    if (file.protection != Protection::Encrypted)
        return {};
    Guard guard(reader_lock_);
    return reader_->load_content_key(file, content.key);
}

ContentReader::Run ContentReader::plan(const OpenContent& content, uint64_t first,
                                       uint64_t last_needed) {
    Run run{first, smaller(last_needed - first + 1, kRunBlocks), 0};
    run.count = run.needed;
    // The first block is where reading begins, so it counts as sequential.
    if (first == 0 || first == content.next_block.load(std::memory_order_relaxed))
        run.count = smaller(block_count(content.inode.size) - first, kRunBlocks);
    return run;
}

Result<void> ContentReader::fetch(OpenContent& content, Run& run, base::MutableBytes scratch) {
    const Inode& file = content.inode;
    BlockEntry entries[kRunBlocks];
    {
        Guard guard(reader_lock_);
        for (size_t i = 0; i < run.count; ++i)
            entries[i] = SCONE_TRY(reader_->block_entry(file, run.first + i));
    }
    uint64_t offset = run.first * kBlockSize;
    size_t size = smaller(file.size - offset, run.count * kBlockSize);
    size_t got =
        SCONE_TRY(content.backing.read(content.backing.context, offset, scratch.first(size)));
    if (got > size)
        return fail(ErrorCode::Host, "a source gave more than was asked for", got);
    bool encrypted = file.protection == Protection::Encrypted;
    const aead::GcmKeyContext& key = encrypted ? content.key.context : authenticator_.context;
    for (size_t i = 0; i < run.count; ++i) {
        size_t begin = i * kBlockSize, length = block_size(file.size, run.first + i);
        base::MutableBytes block = scratch.subspan(begin, length);
        bool good = true;
        if (entries[i].is_hole())
            base::fill_bytes(block, 0);
        else
            good = begin + length <= got &&
                   open_block(*cipher_, key, file.protection, entries[i], block).has_value();
        if (good)
            continue;
        if (i < run.needed)
            return fail(ErrorCode::Corrupt, "a block of the file does not verify", run.first + i);
        run.count = i;  // nobody asked for it yet
    }
    return {};
}

Result<uint64_t> ContentReader::read(OpenContent& content, uint64_t offset, uint64_t size,
                                     ContentOutput output, base::MutableBytes scratch) {
    const Inode& file = content.inode;
    if (offset >= file.size || size == 0)
        return uint64_t{0};
    size = smaller(size, file.size - offset);
    const uint64_t last = (offset + size - 1) / kBlockSize;
    uint64_t done = 0;
    // Hands out what was asked for of bytes that start at file offset `begin`.
    auto put = [&](uint64_t begin, base::Bytes bytes) {
        size_t skip = static_cast<size_t>(offset + done - begin);
        bytes = bytes.subspan(skip, smaller(bytes.size() - skip, size - done));
        bool taken = output.put(output.context, done, bytes);
        done += bytes.size();
        return taken;
    };
    while (done < size) {
        uint64_t index = (offset + done) / kBlockSize;
        size_t kept;
        {
            Guard guard(cache_lock_);
            kept = cache_->copy(file.id, index, scratch);
        }
        size_t available = kept;
        if (kept == 0) {
            Run run = plan(content, index, last);
            SCONE_TRY(fetch(content, run, scratch));
            available = smaller(file.size - index * kBlockSize, run.count * kBlockSize);
            content.next_block.store(index + run.count, std::memory_order_relaxed);
            if (size <= kKeepLimit) {
                Guard guard(cache_lock_);
                for (size_t i = 0; i < run.count; ++i)
                    cache_->keep(file.id, index + i,
                                 scratch.subspan(i * kBlockSize, block_size(file.size, index + i)));
            }
        }
        if (!put(index * kBlockSize, scratch.first(available)))
            return fail(ErrorCode::Output, "the destination does not take the bytes", done);
    }
    return done;
}

}  // namespace scone::fspf
