#include "tools/oci/entry.h"

namespace scone::oci {

std::optional<std::string> normal_path(std::string_view unsafe_path) {
    if (unsafe_path.size() > 4096 || unsafe_path.find('\0') != std::string_view::npos)
        return std::nullopt;
    std::string out;
    while (!unsafe_path.empty()) {
        const size_t slash = unsafe_path.find('/');
        const std::string_view name = unsafe_path.substr(0, slash);
        unsafe_path.remove_prefix(slash == std::string_view::npos ? unsafe_path.size() : slash + 1);
        if (name.empty() || name == ".")
            continue;
        if (name == ".." || name.size() > 255)
            return std::nullopt;
        if (!out.empty())
            out += '/';
        out += name;
    }
    return out;
}

std::string join_path(std::string_view folder, std::string_view name) {
    std::string out(folder);
    if (!out.empty() && !name.empty())
        out += '/';
    out += name;
    return out;
}

std::pair<std::string_view, std::string_view> split_path(std::string_view path) {
    const size_t slash = path.rfind('/');
    if (slash == std::string_view::npos)
        return {"", path};
    return {path.substr(0, slash), path.substr(slash + 1)};
}

bool is_within(std::string_view path, std::string_view folder) {
    return folder.empty() || path == folder ||
           (path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/');
}

}  // namespace scone::oci
