// Directories and texts that are made in the enclave: /proc, /sys, /dev.
//
// Side:    trusted
// Threads: entries are under position_lock_; a builder belongs to one thread
#pragma once

#include "runtime/trusted/libos/vector.h"
#include "runtime/trusted/libos/vfs/file.h"

namespace scone::libos {

// A directory with names that are known.
class ListDirectory : public File {
  public:
    explicit ListDirectory(std::string_view path) : File(linux_abi::kO_RDONLY), path_(path) {}
    // type: DT_...
    Result<void> add(std::string_view name, uint8_t type);
    Result<uint64_t> read_directory(IoBuffer& buffer) override;
    Result<uint64_t> seek(int64_t offset, int whence) override;
    Result<void> stat(linux_abi::Stat& out) override;
    bool is_directory() const override { return true; }
    bool has(std::string_view name) const;
    void describe(Path& out) const override { out.append(path_.view()); }

  protected:
    bool is_at_start();
    void take_entries(ListDirectory& from);

  private:
    struct Entry {
        FixedText<64> name;
        uint8_t type;
    };
    FixedText<256> path_;
    Vector<Entry> entries_;
};

// Appends to a growing text; the first failure sticks and empties it.
class TextBuilder {
  public:
    TextBuilder& append(std::string_view text);
    TextBuilder& append_number(uint64_t value, unsigned base = 10, unsigned width = 0);
    Vector<char> take() { return std::move(bytes_); }

  private:
    Vector<char> bytes_;
};

}  // namespace scone::libos
