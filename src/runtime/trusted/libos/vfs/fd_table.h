// Descriptors: small numbers of the program for open files. None is the host's number.
//
// Side:    trusted
// Errors:  EBADF, EMFILE, ENOMEM
// Threads: thread-safe; a file is retained while it is used, so close in one thread does not pull
//          it from under another
#pragma once

#include <cstdint>

#include "runtime/trusted/enclave/spin_lock.h"
#include "runtime/trusted/libos/ref.h"
#include "runtime/trusted/libos/vector.h"
#include "runtime/trusted/libos/vfs/file.h"

namespace scone::libos {

enum class CloseOnExec : bool { No, Yes };

// A file in a descriptor's slot, counted by the file.
class OpenFile {
  public:
    OpenFile() = default;
    explicit OpenFile(Ref<File> file) : file_(std::move(file)) {
        if (file_)
            file_->descriptor_opened();
    }
    OpenFile(OpenFile&& other) noexcept : file_(std::move(other.file_)) {}
    OpenFile& operator=(OpenFile&& other) noexcept {
        std::swap(file_, other.file_);
        return *this;
    }
    ~OpenFile() {
        if (file_)
            file_->descriptor_closed();
    }
    const Ref<File>& file() const { return file_; }
    explicit operator bool() const { return static_cast<bool>(file_); }

  private:
    Ref<File> file_;
};

class FdTable : public RefCounted {
  public:
    Result<Ref<File>> get(int fd);
    // The lowest free number not below `minimum`.
    Result<int> add(Ref<File> file, CloseOnExec close_on_exec, int minimum = 0);
    // Exactly this number; what was there is closed.
    Result<void> put(int fd, Ref<File> file, CloseOnExec close_on_exec);
    Result<void> close(int fd);
    void close_range(unsigned first, unsigned last, bool only_mark);
    Result<bool> close_on_exec(int fd);
    Result<void> set_close_on_exec(int fd, bool value);
    void close_for_exec();
    Ref<FdTable> copy();
    // In a forked child: what other threads were doing with a file holds it for ever, so that the
    // last descriptor has to end it.
    void note_lost_references();
    void set_limit(uint64_t limit) { limit_ = limit; }
    uint64_t limit() const { return limit_; }
    // Calls visit(fd, file) for each open descriptor, in order.
    template <class F>
    void for_each(F&& visit) {
        for (size_t fd = 0;; fd++) {
            Ref<File> file;
            {
                enclave::Guard guard(lock_);
                if (fd >= slots_.size())
                    return;
                file = slots_[fd].file.file();
            }
            if (file)
                visit(static_cast<int>(fd), file);
        }
    }

  private:
    struct Slot {
        OpenFile file;
        bool close_on_exec = false;
    };
    bool room_for(size_t fd);

    enclave::SpinLock lock_;
    Vector<Slot> slots_;
    size_t lowest_free_ = 0;
    uint64_t limit_ = 1024;
};

}  // namespace scone::libos
