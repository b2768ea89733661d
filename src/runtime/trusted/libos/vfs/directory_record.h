// One entry of getdents64: the record that every kind of directory hands out.
//
// Side:   trusted
// Layout: u64 inode, u64 next position, u16 size, u8 type, name with its NUL, zeros to 8 bytes
// Source: getdents(2), struct linux_dirent64
#pragma once

#include <cstdint>
#include <string_view>

#include "lib/base/endian.h"
#include "runtime/trusted/libos/vfs/io_buffer.h"

namespace scone::libos {

inline constexpr uint8_t kDT_CHR = 2, kDT_DIR = 4, kDT_REG = 8, kDT_LNK = 10;
inline constexpr size_t kMaximumEntryName = 255;

struct DirectoryRecord {
    uint64_t inode;
    uint64_t next;  // position behind this entry
    uint8_t type;   // DT_...
    std::string_view name;
};

// Writes the record at `offset` of the buffer and hands back its size; 0 when it does not fit.
// Preconditions: the name has at most kMaximumEntryName bytes.
inline Result<uint64_t> put_directory_record(const IoBuffer& buffer, uint64_t offset,
                                             const DirectoryRecord& entry) {
    constexpr size_t kHead = 19;
    uint8_t record[kHead + kMaximumEntryName + 8] = {};
    uint64_t size = (kHead + entry.name.size() + 1 + 7) / 8 * 8;
    if (size > buffer.size() - offset)
        return 0;
    base::store_le64(record, entry.inode);
    base::store_le64(record + 8, entry.next);
    base::store_le16(record + 16, static_cast<uint16_t>(size));
    record[18] = entry.type;
    __builtin_memcpy(record + kHead, entry.name.data(), entry.name.size());
    SCONE_TRY(buffer.put(offset, record, size));
    return size;
}

}  // namespace scone::libos
