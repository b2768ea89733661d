#include "runtime/trusted/libos/fs/text_file.h"

#include "runtime/trusted/libos/vfs/directory_record.h"

namespace scone::libos {

using namespace linux_abi;

TextFile::TextFile(std::string_view path, Vector<char> content, uint32_t mode, uint32_t flags)
    : File(flags), path_(path), content_(std::move(content)), mode_(mode) {}

Result<uint64_t> TextFile::read_at(IoBuffer& buffer, uint64_t offset) {
    if (offset >= content_.size())
        return 0;
    uint64_t count = content_.size() - offset;
    if (count > buffer.size())
        count = buffer.size();
    SCONE_TRY(buffer.put(0, content_.data() + offset, count));
    return count;
}

Result<uint64_t> TextFile::seek(int64_t offset, int whence) {
    return seek_within(offset, whence, content_.size());
}

Result<void> TextFile::stat(Stat& out) {
    out = {};
    out.dev = 4, out.ino = 1, out.nlink = 1;
    out.mode = kS_IFREG | mode_;
    out.size = static_cast<int64_t>(content_.size());
    out.blksize = 1024;
    return {};
}

Result<void> ListDirectory::add(std::string_view name, uint8_t type) {
    if (!entries_.push({FixedText<64>(name), type}))
        return error(kENOMEM);
    return {};
}

Result<uint64_t> ListDirectory::read_directory(IoBuffer& buffer) {
    enclave::Guard guard(position_lock_);
    uint64_t done = 0;
    while (position_ < entries_.size() + 2) {
        std::string_view name = position_ == 0   ? std::string_view(".")
                                : position_ == 1 ? std::string_view("..")
                                                 : entries_[position_ - 2].name.view();
        uint8_t type = position_ < 2 ? kDT_DIR : entries_[position_ - 2].type;
        uint64_t size = SCONE_TRY(
            put_directory_record(buffer, done, {position_ + 1, position_ + 1, type, name}));
        if (size == 0)
            break;
        done += size;
        position_++;
    }
    if (done == 0 && position_ < entries_.size() + 2)
        return error(kEINVAL);
    return done;
}

Result<uint64_t> ListDirectory::seek(int64_t offset, int whence) {
    return seek_within(offset, whence, entries_.size() + 2);
}

Result<void> ListDirectory::stat(Stat& out) {
    out = {};
    out.dev = 4, out.ino = 2, out.nlink = 2;
    out.mode = kS_IFDIR | 0555;
    out.blksize = 1024;
    return {};
}

TextBuilder& TextBuilder::append(std::string_view text) {
    size_t at = bytes_.size();
    if (bytes_.resize(at + text.size()))
        __builtin_memcpy(bytes_.data() + at, text.data(), text.size());
    return *this;
}
TextBuilder& TextBuilder::append_number(uint64_t value, unsigned base, unsigned width) {
    FixedText<32> digits;
    digits.append_number(value, base, width);
    return append(digits.view());
}

}  // namespace scone::libos
