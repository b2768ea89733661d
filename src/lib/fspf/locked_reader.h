// A Reader that several threads use: its operations run under a lock, and pages are read from the
// host and verified without it.
//
// Side:    core; the lock is handed in
// Threads: thread-safe
#pragma once

#include "lib/base/secret.h"
#include "lib/fspf/reader.h"

namespace scone::fspf {

struct Lock {
    void* context;
    void (*acquire)(void* context);
    void (*release)(void* context);
};

class LockGuard {
  public:
    explicit LockGuard(const Lock& lock) : lock_(lock) { lock_.acquire(lock_.context); }
    ~LockGuard() { lock_.release(lock_.context); }
    LockGuard(const LockGuard&) = delete;
    LockGuard& operator=(const LockGuard&) = delete;

  private:
    const Lock& lock_;
};

class LockedReader {
  public:
    // Preconditions: the reader is open; it and what the lock names outlive this object.
    void open(Reader& reader, Lock lock) {
        reader_ = &reader;
        lock_ = lock;
        reader.pages().defer();
    }
    // operation(reader) hands back a Result. It runs again after each page that it missed, so it
    // must not change anything before its last read.
    template <class F>
    auto run(F&& operation) -> decltype(operation(*static_cast<Reader*>(nullptr))) {
        for (;;) {
            MissingPage missing;
            {
                LockGuard guard(lock_);
                auto result = operation(*reader_);
                if (result || result.error().code != ErrorCode::Absent)
                    return result;
                missing = reader_->pages().missing();
            }
            alignas(64) base::ByteArray<kPageSize> page;
            auto brought = reader_->pages().bring(missing.ref, page);
            if (brought) {
                LockGuard guard(lock_);
                brought = reader_->pages().keep(missing, page);
            }
            base::wipe(page.data(), page.size());  // it may hold keys of files
            if (!brought)
                return std::unexpected(brought.error());
        }
    }

  private:
    Reader* reader_ = nullptr;
    Lock lock_{};
};

}  // namespace scone::fspf
