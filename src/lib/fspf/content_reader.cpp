#include "lib/fspf/content_reader.h"

namespace scone::fspf {
namespace {

uint64_t smaller(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

}  // namespace

void ContentReader::open(const aead::AesGcm256& cipher, const Key& authenticator,
                         LockedReader& reader, BlockCache& cache, Lock cache_lock) {
    cipher_ = &cipher;
    reader_ = &reader;
    cache_ = &cache;
    cache_lock_ = cache_lock;
    aead::gcm_set_key(cipher, authenticator, authenticator_.context);
}

Result<void> ContentReader::open_content(const Inode& file, OpenContent& content) {
    if (file.type != FileType::Regular)
        return fail(ErrorCode::NotFound, "only regular files have content", file.id);
    content.inode = file;
    if (file.protection != Protection::Encrypted)
        return {};
    return reader_->run([&](Reader& reader) { return reader.load_content_key(file, content.key); });
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
    SCONE_TRY(reader_->run([&](Reader& reader) -> Result<void> {
        for (size_t i = 0; i < run.count; ++i)
            entries[i] = SCONE_TRY(reader.block_entry(file, run.first + i));
        return {};
    }));
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

Result<uint64_t> ContentReader::read_kept(const Inode& file, uint64_t offset, uint64_t size,
                                          ContentOutput output) {
    if (offset >= file.size)
        return uint64_t{0};
    size = smaller(size, file.size - offset);
    uint64_t done = 0;
    while (done < size) {
        uint64_t at = offset + done, skip = at % kBlockSize;
        BlockSlot* slot;
        {
            LockGuard guard(cache_lock_);
            slot = cache_->pin(file.id, at / kBlockSize);
        }
        if (slot == nullptr)
            break;
        base::Bytes block = slot->block();
        uint64_t count = block.size() > skip ? smaller(block.size() - skip, size - done) : 0;
        bool taken = count > 0 && output.put(output.context, done, block.subspan(skip, count));
        BlockCache::unpin(*slot);
        if (count == 0)
            return fail(ErrorCode::Malformed, "a kept block is too short", at / kBlockSize);
        if (!taken)
            return fail(ErrorCode::Output, "the destination does not take the bytes", done);
        done += count;
    }
    return done;
}

Result<uint64_t> ContentReader::read(OpenContent& content, uint64_t offset, uint64_t size,
                                     ContentOutput output, base::MutableBytes scratch) {
    const Inode& file = content.inode;
    if (offset >= file.size || size == 0)
        return uint64_t{0};
    size = smaller(size, file.size - offset);
    const uint64_t last = (offset + size - 1) / kBlockSize;
    uint64_t done = 0;
    struct Shifted {
        ContentOutput output;
        uint64_t by;
    } shifted{output, 0};
    ContentOutput rest{&shifted, [](void* context, uint64_t at, base::Bytes bytes) {
                           auto& to = *static_cast<Shifted*>(context);
                           return to.output.put(to.output.context, to.by + at, bytes);
                       }};
    while (done < size) {
        shifted.by = done;
        uint64_t kept = SCONE_TRY(read_kept(file, offset + done, size - done, rest));
        done += kept;
        if (done == size)
            break;
        uint64_t index = (offset + done) / kBlockSize, begin = index * kBlockSize;
        Run run = plan(content, index, last);
        SCONE_TRY(fetch(content, run, scratch));
        uint64_t available = smaller(file.size - begin, run.count * kBlockSize);
        content.next_block.store(index + run.count, std::memory_order_relaxed);
        if (size <= kKeepLimit) {
            LockGuard guard(cache_lock_);
            for (size_t i = 0; i < run.count; ++i)
                cache_->keep(file.id, index + i,
                             scratch.subspan(i * kBlockSize, block_size(file.size, index + i)));
        }
        uint64_t skip = offset + done - begin, count = smaller(available - skip, size - done);
        if (!output.put(output.context, done, base::Bytes(scratch).subspan(skip, count)))
            return fail(ErrorCode::Output, "the destination does not take the bytes", done);
        done += count;
    }
    return done;
}

}  // namespace scone::fspf
