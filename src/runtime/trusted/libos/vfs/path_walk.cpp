#include "runtime/trusted/libos/vfs/path_walk.h"

#include "runtime/trusted/libos/vfs/vfs.h"

namespace scone::libos::vfs {

using namespace linux_abi;

std::string_view Components::next() {
    size_t start = 0;
    while (start < rest.size() && rest[start] == '/')
        start++;
    size_t end = start;
    while (end < rest.size() && rest[end] != '/')
        end++;
    std::string_view name(rest.data() + start, end - start);
    rest = {rest.data() + end, rest.size() - end};
    return name;
}

bool Components::at_end() const {
    for (char c : rest)
        if (c != '/')
            return false;
    return true;
}

std::string_view last_component(std::string_view path) {
    size_t start = path.size();
    while (start > 0 && path[start - 1] != '/')
        start--;
    return {path.data() + start, path.size() - start};
}

bool names_directory(std::string_view path) {
    std::string_view last = last_component(path);
    return last.empty() || last == "." || last == "..";
}

bool lies_in(std::string_view path, std::string_view prefix) {
    return path.size() >= prefix.size() &&
           __builtin_memcmp(path.data(), prefix.data(), prefix.size()) == 0 &&
           (path.size() == prefix.size() || prefix.empty() || path[prefix.size()] == '/');
}

void remove_last(Path& path) {
    size_t size = path.size();
    while (size > 0 && path.view()[size - 1] != '/')
        size--;
    path.truncate(size > 0 ? size - 1 : 0);
}

namespace {

Result<void> append_name(Path& out, std::string_view name) {
    if (name.size() > kMaximumName)
        return error(kENAMETOOLONG);
    out.append('/').append(name);
    if (out.overflowed())
        return error(kENAMETOOLONG);
    return {};
}

// Most paths are: short, absolute, without empty names, and no name begins with a dot.
bool is_plain(std::string_view path) {
    if (path.size() > kMaximumName || path.empty() || path[0] != '/')
        return false;
    char before = 0;
    for (char c : path) {
        if (before == '/' && (c == '/' || c == '.'))
            return false;
        before = c;
    }
    return before != '/';
}

bool holds_parent(std::string_view path) {
    Components walk{path};
    for (std::string_view name = walk.next(); !name.empty(); name = walk.next())
        if (name == "..")
            return true;
    return false;
}

// `rest` becomes what is behind a link: its target, then what followed it.
Result<void> put_before(Path& rest, std::string_view target, std::string_view following) {
    Path text(target);
    text.append('/').append(following);
    if (text.overflowed())
        return error(kENAMETOOLONG);
    rest = text;
    return {};
}

}  // namespace

Result<void> append_text(Path& out, std::string_view path) {
    Components walk{path};
    for (std::string_view name = walk.next(); !name.empty(); name = walk.next()) {
        if (name == "..")
            remove_last(out);
        else if (name != ".")
            SCONE_TRY(append_name(out, name));
    }
    return {};
}

Result<void> append_path(Path& out, std::string_view path) {
    if (is_plain(path)) {
        out.append(path);
        return out.overflowed() ? Result<void>(error(kENAMETOOLONG)) : Result<void>();
    }
    if (!holds_parent(path))
        return append_text(out, path);
    Path rest(path);
    Components walk{rest.view()};
    int links = 0;
    for (std::string_view name = walk.next(); !name.empty(); name = walk.next()) {
        if (name == ".")
            continue;
        if (name != "..") {
            SCONE_TRY(append_name(out, name));
            continue;
        }
        if (out.size() == 0)
            continue;  // the root is its own parent
        Stat now{};
        SCONE_TRY(stat(out.view(), Follow::No, now));
        if ((now.mode & kS_IFMT) == kS_IFLNK) {
            if (++links > kMaximumLinks)
                return error(kELOOP);
            Path target, following("..");
            SCONE_TRY(read_link(out.view(), target));
            following.append(walk.rest);
            SCONE_TRY(put_before(rest, target.view(), following.view()));
            walk.rest = rest.view();
            if (target.size() > 0 && target.view()[0] == '/')
                out.clear();
            else
                remove_last(out);
            continue;
        }
        if ((now.mode & kS_IFMT) != kS_IFDIR)
            return error(kENOTDIR);
        remove_last(out);
    }
    return {};
}

Result<void> resolve(std::string_view base, std::string_view path, Rules rules, bool follow_last,
                     Path& out) {
    out.clear();
    bool absolute = !path.empty() && path[0] == '/';
    if (absolute && rules.beneath)
        return error(kEXDEV);
    bool confined = rules.beneath || rules.in_root;
    if (!absolute || rules.in_root)
        out.append(base == "/" ? std::string_view() : base);
    size_t floor = confined ? out.size() : 0;
    Ref<FileSystem> start = tree_of(out.size() > 0 ? out.view() : "/");
    Path rest(path);
    Components walk{rest.view()};
    bool wants_directory = names_directory(path);
    int links = 0;
    for (std::string_view name = walk.next(); !name.empty(); name = walk.next()) {
        if (name == ".")
            continue;
        if (name == "..") {
            if (out.size() > floor)
                remove_last(out);
            else if (rules.beneath)
                return error(kEXDEV);
            continue;
        }
        SCONE_TRY(append_name(out, name));
        if (rules.no_crossing && !(tree_of(out.view()) == start))
            return error(kEXDEV);
        bool last = walk.at_end() && !wants_directory;
        Stat now{};
        auto found = stat(out.view(), Follow::No, now);
        if (!found) {
            if (found.error().value == kENOENT && walk.at_end())
                break;
            return found;
        }
        uint32_t type = now.mode & kS_IFMT;
        if (type == kS_IFLNK && (!last || follow_last)) {
            if (rules.no_links || ++links > kMaximumLinks)
                return error(kELOOP);
            Path target;
            SCONE_TRY(read_link(out.view(), target));
            SCONE_TRY(put_before(rest, target.view(), walk.rest));
            walk.rest = rest.view();
            if (target.size() > 0 && target.view()[0] == '/') {
                if (rules.beneath)
                    return error(kEXDEV);
                out.truncate(floor);
            } else {
                remove_last(out);
            }
        } else if (type == kS_IFLNK && rules.no_links) {
            return error(kELOOP);
        } else if (!last && !walk.at_end() && type != kS_IFDIR) {
            return error(kENOTDIR);
        }
    }
    if (out.size() == 0 || wants_directory)
        out.append('/');
    return out.overflowed() ? Result<void>(error(kENAMETOOLONG)) : Result<void>();
}

Result<void> resolve_links(std::string_view path, Path& out) {
    return resolve("", path, {}, true, out);
}

}  // namespace scone::libos::vfs
