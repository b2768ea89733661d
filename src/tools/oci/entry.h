// One member of a layer: what a tar header says, and where its content lies.
//
// Side:  host
// Units: sizes in bytes; times in seconds and nanoseconds since 1970
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tools/oci/spool.h"

namespace scone::oci {

enum class EntryKind {
    Regular,
    Directory,
    Symlink,
    Hardlink,  // `target` names another member's path
    CharacterDevice,
    BlockDevice,
    Fifo,
    Whiteout,        // removes `path` of the layers below
    OpaqueWhiteout,  // removes what the folder `path` holds in the layers below
};

struct Entry {
    std::string path;  // normal form: no leading, trailing or double '/', no "." or ".."; "" is /
    EntryKind kind = EntryKind::Regular;
    uint32_t mode = 0644;  // permission bits, set-id bits, sticky bit
    uint32_t uid = 0;
    uint32_t gid = 0;
    int64_t mtime = 0;
    uint32_t mtime_ns = 0;
    std::string target = {};  // of a symlink as it stands; of a hardlink in normal form
    uint32_t device_major = 0;
    uint32_t device_minor = 0;
    std::vector<std::pair<std::string, std::string>> xattrs = {};  // sorted by name
    Extent content = {};                                           // of a regular file
};

// The normal form of a member's name; nullopt when it has a ".." or a NUL, or is longer than 4096.
std::optional<std::string> normal_path(std::string_view unsafe_path);

// "a/b" and "c" make "a/b/c"; "" and "c" make "c".
std::string join_path(std::string_view folder, std::string_view name);
// Folder and last name of a path in normal form.
std::pair<std::string_view, std::string_view> split_path(std::string_view path);
// True when `path` is `folder` or lies below it; both in normal form.
bool is_within(std::string_view path, std::string_view folder);

}  // namespace scone::oci
