#include "lib/fspf/region.h"

namespace scone::fspf {

bool is_clean_path(std::string_view path) {
    if (path.empty() || path[0] != '/' || path.size() > kMaxPathSize)
        return false;
    for (char c : path)
        if (c == '\0')
            return false;
    if (path.size() == 1)
        return true;
    std::string_view rest = path;
    while (!rest.empty()) {
        rest.remove_prefix(1);
        std::string_view part = first_chars(rest, find_slash(rest));
        if (part.empty() || part == "." || part == ".." || part.size() > kMaxNameSize)
            return false;
        rest.remove_prefix(part.size());
    }
    return true;
}

bool lies_below(std::string_view path, std::string_view prefix) {
    if (prefix == "/")
        return true;
    return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

std::optional<size_t> find_region(std::span<const RegionRecord> regions, std::string_view path) {
    std::optional<size_t> best;
    for (size_t i = 0; i < regions.size(); ++i)
        if (lies_below(path, regions[i].path) &&
            (!best || regions[i].path.size() > regions[*best].path.size()))
            best = i;
    return best;
}

Result<std::string_view> backing_path(const RegionRecord& region, std::string_view path,
                                      std::span<char> out) {
    if (region.backing != Backing::Kernel || !lies_below(path, region.path))
        return fail(ErrorCode::NoRegion, "the path has no file on the host");
    std::string_view base = region.backing_path == "/" ? std::string_view() : region.backing_path;
    std::string_view rest = region.path == "/" ? path : without_first(path, region.path.size());
    if (rest == "/")
        rest = {};
    if (base.empty() && rest.empty())
        base = "/";
    if (base.size() + rest.size() > out.size())
        return fail(ErrorCode::TooLarge, "path on the host is too long", base.size() + rest.size());
    base::copy_bytes({reinterpret_cast<uint8_t*>(out.data()), base.size()}, base::as_bytes(base));
    base::copy_bytes({reinterpret_cast<uint8_t*>(out.data()) + base.size(), rest.size()},
                     base::as_bytes(rest));
    return std::string_view(out.data(), base.size() + rest.size());
}

}  // namespace scone::fspf
