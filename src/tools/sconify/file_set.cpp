#include "tools/sconify/file_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace scone::sconify {
namespace {

using text::ExitCode;
using text::failure;
using text::Outcome;

// Small files that the C library, TLS libraries and name services look for.
constexpr const char* kCommonFiles[] = {
    "/etc/passwd",          "/etc/group",
    "/etc/nsswitch.conf",   "/etc/services",
    "/etc/protocols",       "/etc/gai.conf",
    "/etc/localtime",       "/etc/timezone",
    "/etc/host.conf",       "/etc/mime.types",
    "/etc/ssl/openssl.cnf", "/usr/lib/ssl/openssl.cnf",
    "/etc/ssl/cert.pem",    "/etc/ssl/certs/ca-certificates.crt"};
constexpr const char* kCommonFolders[] = {"/usr/lib/locale/C.utf8"};
// glibc loads it by name when a thread is cancelled or ends early.
constexpr std::string_view kUnwinder = "libgcc_s.so.1";

bool is_shared_object_name(std::string_view name) {
    return name.ends_with(".so") || name.find(".so.") != std::string_view::npos;
}

Outcome<void> add_asked(FileSet& files, const oci::FileTree& tree, const std::string& path,
                        std::string_view option, bool folder_wanted) {
    const auto* node = tree.find(path.substr(1));
    const auto* real = tree.resolve(path.substr(1));
    if (real == nullptr)
        return failure(ExitCode::NotFound,
                       fmt::format("--{}={} is not in the image", option, path));
    if (folder_wanted && !real->is_folder())
        return failure(ExitCode::Usage, fmt::format("--{}={} is not a folder", option, path), {},
                       fmt::format("give its folder, or use --plain-file={}", path));
    if (option == "dir" &&
        (node == nullptr || node->entry.path != real->entry.path || "/" + real->entry.path != path))
        return failure(ExitCode::Usage, fmt::format("--dir={} is a link", path), {},
                       fmt::format("--dir=/{}", real->entry.path));
    files.add_path(path);
    if (real->is_folder())
        files.add_tree(path);
    return {};
}

// The libraries that shared objects among the copied files need: python's modules are loaded after
// the start.
Outcome<void> add_needed_by_copied(const NativeImage& image, const Program& program,
                                   const LibrarySearch& search, Collected& out) {
    std::set<std::string> missing;
    const auto copied = out.files.nodes();  // a copy: the set grows below
    for (const auto& [path, node] : copied) {
        if (!is_shared_object_name(oci::split_path(path).second) || !looks_like_elf(image, *node))
            continue;
        const auto facts = read_elf(image, *node);
        if (!facts || facts->kind == elf::Kind::Relocatable)
            continue;  // not for this machine: the loader would not take it either
        const Closure closure = SCONE_TRY(closure_of(image, *facts, search));
        for (const std::string& library : closure.libraries)
            out.files.add_path(library);
        missing.insert(closure.missing.begin(), closure.missing.end());
    }
    if (!missing.empty() && program.service != Service::None)
        out.warnings.push_back(
            fmt::format("{} shared object(s) that modules need are not in the "
                        "image, the first: {}",
                        missing.size(), *missing.begin()));
    return {};
}

// The folder above the one that holds the program: /usr of /usr/bin/python3.11. A virtual
// environment has one of its own, which the name leads to and the real path does not.
std::set<std::string> prefixes_of(const Program& program, const Options& options) {
    std::set<std::string> out;
    for (const std::string& path : {program.path, options.binary})
        if (path.starts_with('/'))
            out.insert("/" +
                       std::string(oci::split_path(oci::split_path(path.substr(1)).first).first));
    return out;
}

void add_service_libraries(const Program& program, const Options& options, FileSet& files) {
    if (program.service != Service::Python)
        return;
    const std::string& version = program.service_version;
    for (const std::string& prefix : prefixes_of(program, options)) {
        for (const std::string& folder : {fmt::format("{}/lib/python{}", prefix, version),
                                          fmt::format("{}/lib/python3", prefix),
                                          fmt::format("{}/lib64/python{}", prefix, version)})
            files.add_tree(folder);
        files.add_path(prefix + "/pyvenv.cfg");
    }
    files.add_tree("/usr/lib/python3");
    files.add_tree(fmt::format("/usr/local/lib/python{}", version));
    files.add_tree(fmt::format("/etc/python{}", version));
}

void add_symlinks_to(const NativeImage& image, const Program& program, FileSet& files) {
    // Links beside the program that lead to it: python3 -> python3.11.
    const std::string_view folder = oci::split_path(std::string_view(program.path).substr(1)).first;
    const auto* node = image.tree.resolve(folder);
    if (node == nullptr)
        return;
    for (const auto& [name, child] : node->children)
        if (child->entry.kind == oci::EntryKind::Symlink)
            if (const auto* real = image.tree.resolve(child->entry.path);
                real != nullptr && "/" + real->entry.path == program.path)
                files.add_path("/" + child->entry.path);
}

void note_library_folders(const Program& program, Collected& out) {
    for (const std::string& library : program.closure.libraries) {
        std::string folder = library.substr(0, library.rfind('/'));
        if (std::ranges::count(out.library_folders, folder) == 0)
            out.library_folders.push_back(std::move(folder));
    }
}

}  // namespace

void FileSet::add_node(const Node& node) {
    if (!node.entry.path.empty())
        nodes_.emplace(node.entry.path, &node);
}

bool FileSet::add_path(std::string_view absolute_path) {
    const auto path = oci::normal_path(absolute_path);
    if (!path)
        return false;
    std::string rest = *path;
    std::string done;
    for (int steps = 0; steps < 4096;) {
        const size_t slash = rest.find('/');
        const std::string name = rest.substr(0, slash);
        rest = slash == std::string::npos ? "" : rest.substr(slash + 1);
        if (name.empty())
            return true;
        ++steps;
        if (name == "..") {
            done = std::string(oci::split_path(done).first);
            continue;
        }
        if (name == ".")
            continue;
        const auto* node = tree_.find(oci::join_path(done, name));
        if (node == nullptr)
            return false;
        add_node(*node);
        if (node->entry.kind == oci::EntryKind::Symlink) {
            const std::string& target = node->entry.target;
            if (target.starts_with('/'))
                done.clear();
            rest = oci::join_path(target, rest);
            while (rest.starts_with('/'))
                rest.erase(0, 1);
            steps += 100;  // links that go round end
        } else {
            done = node->entry.path;
        }
        while (rest.starts_with('/'))
            rest.erase(0, 1);
    }
    return false;
}

bool FileSet::add_tree(std::string_view absolute_path) {
    const auto path = oci::normal_path(absolute_path);
    const auto* top = path ? tree_.resolve(*path) : nullptr;
    if (top == nullptr)
        return false;
    add_path(absolute_path);
    oci::FileTree::walk(*top, [&](const Node& node) {
        add_node(node);
        if (node.entry.kind != oci::EntryKind::Symlink)
            return;
        const auto* real = tree_.resolve(node.entry.path);
        if (real != nullptr && !real->is_folder())
            add_path("/" + node.entry.path);
    });
    return true;
}

Outcome<Collected> collect_files(const NativeImage& image, const Program& program,
                                 const Options& options) {
    Collected out{.files = FileSet(image.tree), .library_folders = {}, .warnings = {}};
    FileSet& files = out.files;
    files.add_path(program.path);
    files.add_path(options.binary);
    for (const std::string& folder : options.encrypted_folders)
        SCONE_TRY(add_asked(files, image.tree, folder, "dir", true));
    for (const std::string& folder : options.plain_folders)
        SCONE_TRY(add_asked(files, image.tree, folder, "plain", true));
    for (const std::string& file : options.plain_files)
        SCONE_TRY(add_asked(files, image.tree, file, "plain-file", false));
    note_library_folders(program, out);
    if (options.base == Base::Native) {
        files.add_tree("/");
        return out;
    }
    if (options.defaults.binary_symlink)
        add_symlinks_to(image, program, files);
    if (options.defaults.copy_service_libraries)
        add_service_libraries(program, options, files);
    for (const char* file : kCommonFiles)
        files.add_path(file);
    for (const char* folder : kCommonFolders)
        files.add_tree(folder);
    if (!options.defaults.copy_shared_objects)
        return out;
    if (!program.closure.interpreter.empty())
        files.add_path(program.closure.interpreter);
    for (const std::string& library : program.closure.libraries)
        files.add_path(library);
    const LibrarySearch search =
        SCONE_TRY(LibrarySearch::open(image, program.facts.libc, library_path_of(image, options)));
    if (const std::string unwinder = search.find(kUnwinder, program.facts);
        !program.closure.libraries.empty() && !unwinder.empty() && unwinder != "-")
        files.add_path(unwinder);
    SCONE_TRY(add_needed_by_copied(image, program, search, out));
    return out;
}

}  // namespace scone::sconify
