#include "runtime/trusted/libos/fs/text_file.h"

#include "runtime/trusted/libos/vfs/directory_record.h"

namespace scone::libos {

using namespace linux_abi;

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

bool ListDirectory::has(std::string_view name) const {
    for (const Entry& entry : entries_)
        if (entry.name.view() == name)
            return true;
    return false;
}

bool ListDirectory::is_at_start() {
    enclave::Guard guard(position_lock_);
    return position_ == 0;
}

void ListDirectory::take_entries(ListDirectory& from) {
    enclave::Guard guard(position_lock_);
    entries_ = std::move(from.entries_);
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
