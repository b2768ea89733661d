// Reads ranges of protected files: looks the tags up, fetches runs of blocks from the host,
// verifies them and keeps them.
//
// Small reads fetch ahead when they follow each other, and what they fetch is kept; reads of more
// than kKeepLimit (a mapped library) are not kept, so that they push nothing out.
//
// Side:    core; the locks and all memory are handed in
// Units:   offsets and sizes in bytes
// Threads: thread-safe. Lock order: reader lock, cache lock; never both. No lock is held while the
//          host is asked for anything, a block is verified, or bytes are handed out.
#pragma once

#include <atomic>

#include "lib/fspf/block_cache.h"
#include "lib/fspf/locked_reader.h"

namespace scone::fspf {

// Takes bytes of the file as they are verified; `at` counts from the beginning of the read. False
// ends the read with ErrorCode::Output.
struct ContentOutput {
    void* context;
    bool (*put)(void* context, uint64_t at, base::Bytes bytes);
};

// One regular file that is open.
struct OpenContent {
    ContentKey key;  // of encrypted files
    Inode inode;
    BlockSource backing{};
    std::atomic<uint64_t> next_block{0};  // where a sequential reader would go on
};

class ContentReader {
  public:
    static constexpr size_t kRunBlocks = 16;
    static constexpr size_t kScratchSize = kRunBlocks * kBlockSize;
    static constexpr uint64_t kKeepLimit = kScratchSize;

    // Everything handed in outlives this object. Preconditions: the reader is open; `authenticator`
    // is its own.
    void open(const aead::AesGcm256& cipher, const Key& authenticator, LockedReader& reader,
              BlockCache& cache, Lock cache_lock);

    // Prepares the reading of a regular file; the backing source is the caller's to set.
    Result<void> open_content(const Inode& file, OpenContent& content);

    // The part of read() that kept blocks alone can give, from `offset` on: neither the file's key
    // nor scratch is needed. Output, Malformed.
    Result<uint64_t> read_kept(const Inode& file, uint64_t offset, uint64_t size,
                               ContentOutput output);
    // Hands `size` bytes from `offset` to `output`, fewer at the file's end; hands back their
    // number. Corrupt with the block's index as the number, Host, Output, Malformed; a failure
    // after some bytes loses their count.
    // Preconditions: scratch.size() >= kScratchSize, in memory that the host cannot change
    Result<uint64_t> read(OpenContent& content, uint64_t offset, uint64_t size,
                          ContentOutput output, base::MutableBytes scratch);

  private:
    struct Run {
        uint64_t first;  // block
        size_t needed;   // blocks that the caller asked for; a fault in one is an error
        size_t count;    // and those behind them that are fetched ahead
    };
    Run plan(const OpenContent& content, uint64_t first, uint64_t last_needed);
    // Fetches and verifies the run; afterwards run.count blocks stand in scratch.
    Result<void> fetch(OpenContent& content, Run& run, base::MutableBytes scratch);

    const aead::AesGcm256* cipher_ = nullptr;
    LockedReader* reader_ = nullptr;
    BlockCache* cache_ = nullptr;
    Lock cache_lock_{};
    ContentKey authenticator_;
};

}  // namespace scone::fspf
