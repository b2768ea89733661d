#include "runtime/trusted/libos/vfs/vfs.h"

#include "runtime/trusted/libos/loader/measured_files.h"
#include "runtime/trusted/libos/task/process.h"

namespace scone::libos {

using namespace linux_abi;

Result<void> FileSystem::access(std::string_view path, uint32_t mode, Follow follow) {
    Stat now{};
    SCONE_TRY(stat(path, follow, now));
    if (mode & 2)
        return error(kEROFS);
    if ((mode & 1) && (now.mode & kS_IFMT) == kS_IFREG && !(now.mode & 0111))
        return error(kEACCES);
    return {};
}

Result<void> FileSystem::statfs(std::string_view path, uint8_t (&out)[120]) {
    Stat now{};
    SCONE_TRY(stat(path, Follow::Yes, now));
    __builtin_memset(out, 0, sizeof out);
    constexpr uint64_t kTmpfsMagic = 0x01021994, kNameMax = 255;
    __builtin_memcpy(out, &kTmpfsMagic, 8);
    uint64_t block_size = 4096;
    __builtin_memcpy(out + 8, &block_size, 8);
    __builtin_memcpy(out + 64, &kNameMax, 8);
    __builtin_memcpy(out + 72, &block_size, 8);
    return {};
}

namespace vfs {
namespace {

struct Mount {
    FixedText<512> prefix;
    Ref<FileSystem> tree;
};
Vector<Mount*> mounts;  // longest prefix first

bool lies_in(std::string_view path, std::string_view prefix) {
    return path.size() >= prefix.size() &&
           __builtin_memcmp(path.data(), prefix.data(), prefix.size()) == 0 &&
           (path.size() == prefix.size() || prefix.empty() || path[prefix.size()] == '/');
}

// Appends the components of `path` to `out`, taking out "." and "..".
Result<void> append_components(Path& out, std::string_view path) {
    size_t at = 0;
    while (at < path.size()) {
        size_t end = at;
        while (end < path.size() && path[end] != '/')
            end++;
        std::string_view name(path.data() + at, end - at);
        at = end + 1;
        if (name.size() > 255)
            return error(kENAMETOOLONG);
        if (name.empty() || name == ".")
            continue;
        if (name == "..") {
            size_t size = out.size();
            while (size > 0 && out.view()[size - 1] != '/')
                size--;
            out.truncate(size > 0 ? size - 1 : 0);
            continue;
        }
        out.append('/').append(name);
    }
    if (out.overflowed())
        return error(kENAMETOOLONG);
    return {};
}

}  // namespace

bool mount(std::string_view prefix, Ref<FileSystem> tree) {
    auto* entry = enclave::heap_new<Mount>();
    if (entry == nullptr)
        return false;
    entry->prefix.append(prefix);
    entry->tree = std::move(tree);
    size_t at = 0;
    while (at < mounts.size() && mounts[at]->prefix.size() > prefix.size())
        at++;
    return !entry->prefix.overflowed() && mounts.insert(at, entry);
}

Ref<FileSystem> tree_of(std::string_view path) {
    for (Mount* entry : mounts)
        if (lies_in(path, entry->prefix.view()))
            return entry->tree;
    __builtin_trap();  // a root is always mounted
}

Result<void> absolute_path(int fd, std::string_view path, Path& out) {
    if (path.empty())
        return error(kENOENT);
    out.clear();
    if (path[0] != '/') {
        if (fd == kAT_FDCWD) {
            FsContext& context = *current_process().fs;
            enclave::Guard guard(context.lock);
            out.append(context.working_directory.view());
        } else {
            Ref<File> directory = SCONE_TRY(current_process().files->get(fd));
            Stat now{};
            SCONE_TRY(directory->stat(now));
            if ((now.mode & kS_IFMT) != kS_IFDIR)
                return error(kENOTDIR);
            directory->describe(out);
        }
        if (out.view() == "/")
            out.clear();
    }
    SCONE_TRY(append_components(out, path));
    // "dir/" and "dir/." must be a directory.
    bool wants_directory = path.back() == '/';
    if (out.size() == 0)
        out.append('/');
    else if (wants_directory)
        out.append("/");
    return {};
}

Result<Ref<File>> open(std::string_view path, uint32_t flags, uint32_t mode) {
    Follow follow = flags & kO_NOFOLLOW ? Follow::No : Follow::Yes;
    return with_tree(path, follow, [&](FileSystem& tree, std::string_view at) -> Result<Ref<File>> {
        return measured_files::hold(at, SCONE_TRY(tree.open(at, flags, mode)));
    });
}

Result<void> stat(std::string_view path, Follow follow, Stat& out) {
    return with_tree(path, follow, [&](FileSystem& tree, std::string_view at) {
        return tree.stat(at, follow, out);
    });
}

Result<void> read_link(std::string_view path, Path& out) {
    return with_tree(path, Follow::No, [&](FileSystem& tree, std::string_view at) {
        return tree.read_link(at, out);
    });
}

Result<void> resolve_links(std::string_view path, Path& out) {
    out.clear();
    Path rest(path);
    for (int hops = 0; hops < 40;) {
        std::string_view text = rest.view();
        size_t start = 0;
        while (start < text.size() && text[start] == '/')
            start++;
        size_t end = start;
        while (end < text.size() && text[end] != '/')
            end++;
        if (start == end) {
            if (out.size() == 0)
                out.append('/');
            return out.overflowed() ? Result<void>(error(kENAMETOOLONG)) : Result<void>();
        }
        Path next(out.view()), target;
        SCONE_TRY(append_components(next, {text.data() + start, end - start}));
        Path tail({text.data() + end, text.size() - end});
        bool is_link = next.size() > 0 && read_link(next.view(), target).has_value();
        if (is_link) {
            hops++;
            if (target.size() > 0 && target.view()[0] == '/')
                out.clear();
            rest = target;
            rest.append('/').append(tail.view());
        } else {
            out = next;
            rest = tail;
        }
        if (rest.overflowed())
            return error(kENAMETOOLONG);
    }
    return error(kELOOP);
}

}  // namespace vfs
}  // namespace scone::libos
