// The nodes of a tree in memory.
//
// Side:    trusted
// Threads: the node's lock guards its fields; of a directory and its entry, the directory's first
#pragma once

#include "runtime/trusted/libos/fs/tmp_fs.h"
#include "runtime/trusted/libos/vector.h"

namespace scone::libos {

struct TmpEntry {
    FixedText<256> name;
    Ref<TmpFs::Node> node;
};

struct TmpFs::Node : RefCounted {
    explicit Node(uint32_t mode_bits);
    ~Node() override;
    enclave::SpinLock lock;
    uint64_t number;
    uint32_t mode, user, group, links = 1;
    linux_abi::Timespec access_time{}, change_time{}, modify_time{};
    // Regular files: pages of 4 KiB, null where nothing was written.
    Vector<uint8_t*> pages;
    uint64_t size = 0;
    // Directories.
    Vector<TmpEntry*> entries;
    // Symbolic links.
    Path* target = nullptr;

    bool is_directory() const { return (mode & linux_abi::kS_IFMT) == linux_abi::kS_IFDIR; }
    bool is_link() const { return (mode & linux_abi::kS_IFMT) == linux_abi::kS_IFLNK; }
    bool is_regular() const { return (mode & linux_abi::kS_IFMT) == linux_abi::kS_IFREG; }
    void stat(linux_abi::Stat& out);
    Result<void> resize(uint64_t new_size);
    Result<uint64_t> read(IoBuffer& buffer, uint64_t offset);
    Result<uint64_t> write(IoBuffer& buffer, uint64_t offset);
    // Preconditions of the following: a directory, its lock held.
    TmpEntry* find(std::string_view name);
    Result<void> add(std::string_view name, Ref<Node> node);
    void remove(std::string_view name);
    void touch();
};

}  // namespace scone::libos
