// A small file whose content was made when it was opened: /proc, /sys, injected files.
//
// Side:    trusted
// Threads: the content does not change
#pragma once

#include "runtime/trusted/libos/vector.h"
#include "runtime/trusted/libos/vfs/file.h"

namespace scone::libos {

class TextFile : public File {
  public:
    TextFile(std::string_view path, Vector<char> content, uint32_t mode, uint32_t flags);
    Result<uint64_t> read_at(IoBuffer& buffer, uint64_t offset) override;
    Result<uint64_t> seek(int64_t offset, int whence) override;
    Result<void> stat(linux_abi::Stat& out) override;
    bool can_map() const override { return true; }
    void describe(Path& out) const override { out.append(path_.view()); }

  private:
    FixedText<256> path_;
    Vector<char> content_;
    uint32_t mode_;
};

// A directory with names that are known: entries are "name\0type" pairs appended by add().
class ListDirectory : public File {
  public:
    explicit ListDirectory(std::string_view path) : File(linux_abi::kO_RDONLY), path_(path) {}
    // type: DT_REG 8, DT_DIR 4, DT_LNK 10, DT_CHR 2
    Result<void> add(std::string_view name, uint8_t type);
    Result<uint64_t> read_directory(IoBuffer& buffer) override;
    Result<uint64_t> seek(int64_t offset, int whence) override;
    Result<void> stat(linux_abi::Stat& out) override;
    void describe(Path& out) const override { out.append(path_.view()); }

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
