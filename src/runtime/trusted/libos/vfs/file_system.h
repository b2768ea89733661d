// A tree of files: one of the things that are mounted in the program's view.
//
// Side:    trusted
// Paths:   absolute in the program's view, without "." and ".." components and double slashes
// Errors:  Errno; the defaults refuse with EROFS, so a read-only tree overrides only the readers
// Threads: thread-safe
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/trusted/libos/errno.h"
#include "runtime/trusted/libos/ref.h"
#include "runtime/trusted/libos/text.h"
#include "runtime/trusted/libos/vfs/file.h"

namespace scone::libos {

enum class Follow : bool { No, Yes };

class FileSystem : public RefCounted {
  public:
    virtual Result<Ref<File>> open(std::string_view path, uint32_t flags, uint32_t mode) = 0;
    virtual Result<void> stat(std::string_view path, Follow follow, linux_abi::Stat& out) = 0;
    virtual Result<void> read_link(std::string_view path, Path& out) = 0;
    // A tree whose links may lead out of it hands back EXDEV from open and stat after it has
    // written the path to go on with (absolute); the VFS then starts again there.
    virtual Result<void> leaves_to(std::string_view, Follow, Path&) {
        return error(linux_abi::kENOENT);
    }

    virtual Result<void> access(std::string_view path, uint32_t mode, Follow follow);
    virtual Result<void> make_directory(std::string_view, uint32_t) {
        return error(linux_abi::kEROFS);
    }
    virtual Result<void> make_node(std::string_view, uint32_t, uint64_t) {
        return error(linux_abi::kEROFS);
    }
    virtual Result<void> remove(std::string_view, bool /*directory*/) {
        return error(linux_abi::kEROFS);
    }
    virtual Result<void> rename(std::string_view, std::string_view, uint32_t) {
        return error(linux_abi::kEROFS);
    }
    virtual Result<void> link(std::string_view, std::string_view, Follow) {
        return error(linux_abi::kEROFS);
    }
    virtual Result<void> symlink(std::string_view /*target*/, std::string_view) {
        return error(linux_abi::kEROFS);
    }
    virtual Result<void> change_mode(std::string_view, uint32_t) {
        return error(linux_abi::kEROFS);
    }
    virtual Result<void> change_owner(std::string_view, uint32_t, uint32_t, Follow) {
        return error(linux_abi::kEROFS);
    }
    virtual Result<void> set_times(std::string_view, const linux_abi::Timespec*, Follow) {
        return error(linux_abi::kEROFS);
    }
    virtual Result<void> truncate(std::string_view, uint64_t) { return error(linux_abi::kEROFS); }
    virtual Result<uint64_t> extended_attribute(std::string_view path, Follow follow,
                                                ExtendedAttribute& request);
    // A further name for a file that is open.
    virtual Result<void> link_file(File&, std::string_view) { return error(linux_abi::kEXDEV); }
    // The open file that this path names as /proc/self/fd/N does. ENOENT.
    virtual Result<Ref<File>> descriptor(std::string_view) { return error(linux_abi::kENOENT); }
    // struct statfs, 120 bytes
    virtual Result<void> statfs(std::string_view, uint8_t (&out)[120]);
};

}  // namespace scone::libos
