// Regions: which protection holds for a path, and where its bytes lie on the host.
//
// Side:    core
// Threads: pure functions
// Source:  docs/formats/fspf.md, section 2
#pragma once

#include <optional>

#include "lib/fspf/format.h"

namespace scone::fspf {

// Parts of a path, without the checks of substr() and find() that need a C++ library.
// Preconditions: count <= text.size().
constexpr std::string_view first_chars(std::string_view text, size_t count) {
    return {text.data(), count};
}
constexpr std::string_view without_first(std::string_view text, size_t count) {
    return {text.data() + count, text.size() - count};
}
// The position of the first slash, or the text's size.
constexpr size_t find_slash(std::string_view text) {
    size_t at = 0;
    while (at < text.size() && text[at] != '/')
        ++at;
    return at;
}

// True for an absolute path without empty, "." and ".." parts and without a slash at its end
// ("/" itself is one), at most kMaxPathSize long.
bool is_clean_path(std::string_view path);

// True when `path` is `prefix` or lies below it. Preconditions: both are clean.
bool lies_below(std::string_view path, std::string_view prefix);

// The region with the longest path that holds `path`; its index, or nullopt.
std::optional<size_t> find_region(std::span<const RegionRecord> regions, std::string_view path);

// Writes where the host keeps `path` of this region: its backing path and the rest of `path`.
// TooLarge when `out` is too small, NoRegion when the path is not in the region or the region has
// no backing files.
Result<std::string_view> backing_path(const RegionRecord& region, std::string_view path,
                                      std::span<char> out);

}  // namespace scone::fspf
