// Paths, component by component: what is left out, what a ".." means, where links lead.
//
// Side:    trusted
// Errors:  ENOENT, ENOTDIR, ENAMETOOLONG, ELOOP and what the trees report
// Threads: pure functions over the mounted trees; a path may change its meaning at any time
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/trusted/libos/errno.h"
#include "runtime/trusted/libos/text.h"

namespace scone::libos::vfs {

inline constexpr int kMaximumLinks = 40;
inline constexpr size_t kMaximumName = 255;

// The components of a text, one after the other.
struct Components {
    std::string_view rest;
    // The next one without its slashes, or empty at the end.
    std::string_view next();
    bool at_end() const;
};

// The last component: empty when the path ends with a slash or is empty.
std::string_view last_component(std::string_view path);
bool names_directory(std::string_view path);  // ends with "/", "." or ".."
// True for `prefix` itself and what lies below it. Preconditions: both are normalised, the root is
// "".
bool lies_in(std::string_view path, std::string_view prefix);
// "/a/b" becomes "/a"; "/a" and "" become "".
void remove_last(Path& path);

// Appends `path` to the absolute path `out` ("" is the root). "." and double slashes are taken out;
// ".." leads to the parent of the directory that stands before it, through links. Links that no
// ".." follows stay.
Result<void> append_path(Path& out, std::string_view path);
// The same text only, for trees whose links are handed back to the VFS.
Result<void> append_text(Path& out, std::string_view path);

// openat2's RESOLVE_...
struct Rules {
    bool beneath = false, in_root = false, no_links = false, no_crossing = false;
};
// Follows every link from `base` on, the last one only with `follow_last`. The last component need
// not exist. EXDEV, ELOOP when the rules forbid it.
Result<void> resolve(std::string_view base, std::string_view path, Rules rules, bool follow_last,
                     Path& out);
// The absolute path with every link in it followed.
Result<void> resolve_links(std::string_view path, Path& out);

}  // namespace scone::libos::vfs
