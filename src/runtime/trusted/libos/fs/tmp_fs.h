// Files in the enclave's memory: empty at start, gone at the end. Ephemeral regions, injected
// files.
//
// Side:    trusted
// Threads: thread-safe: one lock per tree
// Paths:   below the prefix that the tree is mounted at
#pragma once

#include "runtime/trusted/libos/vfs/file_system.h"

namespace scone::libos {

class TmpFs : public FileSystem {
  public:
    // `prefix` is where the tree is mounted, without a slash at its end.
    explicit TmpFs(std::string_view prefix);
    ~TmpFs() override;
    // In a forked child, so that its new files have other numbers than its relatives'.
    static void number_nodes_from(uint64_t number);
    bool is_ready() const { return static_cast<bool>(root_); }
    // A regular file with this content, the folders above it made as needed; `path` may be the
    // prefix itself, then the tree is that one file.
    Result<void> add_file(std::string_view path, std::string_view content, uint32_t mode);

    Result<Ref<File>> open(std::string_view path, uint32_t flags, uint32_t mode) override;
    Result<void> stat(std::string_view path, Follow follow, linux_abi::Stat& out) override;
    Result<void> read_link(std::string_view path, Path& out) override;
    Result<void> leaves_to(std::string_view path, Follow follow, Path& out) override;
    Result<void> access(std::string_view path, uint32_t mode, Follow follow) override;
    Result<void> make_directory(std::string_view path, uint32_t mode) override;
    Result<void> make_node(std::string_view path, uint32_t mode, uint64_t device) override;
    Result<void> remove(std::string_view path, bool directory) override;
    Result<void> rename(std::string_view from, std::string_view to, uint32_t flags) override;
    Result<void> link(std::string_view from, std::string_view to, Follow follow) override;
    Result<void> symlink(std::string_view target, std::string_view path) override;
    Result<void> change_mode(std::string_view path, uint32_t mode) override;
    Result<void> change_owner(std::string_view path, uint32_t user, uint32_t group,
                              Follow follow) override;
    Result<void> set_times(std::string_view path, const linux_abi::Timespec* times,
                           Follow follow) override;
    Result<void> truncate(std::string_view path, uint64_t size) override;

    struct Node;
    struct Tree;

  private:
    struct Place;
    Result<Ref<Node>> find(std::string_view path, Follow follow, Path* leaves);
    Result<Place> parent_of(std::string_view path);

    FixedText<512> prefix_;
    Ref<Node> root_;
};

}  // namespace scone::libos
