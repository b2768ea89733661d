#include "tools/sconify/library_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace scone::sconify {
namespace {

using text::ExitCode;
using text::failure;
using text::Outcome;

constexpr size_t kMaxLibraries = 1024;

// One pass: what stands in the name of a folder is not looked at again.
std::string expand_origin(std::string_view folder, const std::string& object) {
    const std::string_view above = oci::split_path(std::string_view(object).substr(1)).first;
    std::string out;
    while (!folder.empty()) {
        const size_t at = std::min(folder.find('$'), folder.size());
        out += folder.substr(0, at);
        folder.remove_prefix(at);
        const std::string_view names[] = {"${ORIGIN}", "$ORIGIN"};
        const auto* name = std::ranges::find_if(
            names, [&](std::string_view each) { return folder.starts_with(each); });
        if (name != std::end(names)) {
            out.append("/").append(above);
            folder.remove_prefix(name->size());
        } else if (!folder.empty()) {
            out += '$';
            folder.remove_prefix(1);
        }
    }
    return out;
}

std::string describe_other(std::string_view head) {
    if (head.starts_with("#!"))
        return fmt::format("a script for {}", head.substr(2, head.find_first_of("\n\r") - 2));
    return head.empty() ? "empty" : "not an ELF file";
}

}  // namespace

bool looks_like_elf(const NativeImage& image, const oci::FileTree::Node& file) {
    if (file.entry.kind != oci::EntryKind::Regular || file.entry.content.size < 64)
        return false;
    const auto head = image.spool->read_text(file.entry.content, 4);
    return head && *head ==
                       "\x7f"
                       "ELF";
}

Outcome<ElfFacts> read_elf(const NativeImage& image, const oci::FileTree::Node& file) {
    ElfFacts out;
    out.path = "/" + file.entry.path;
    if (file.entry.kind != oci::EntryKind::Regular)
        return failure(ExitCode::InvalidInput, fmt::format("'{}' is not a file", out.path));
    const auto content = SCONE_TRY(image.spool->map(file.entry.content));
    const auto wrong = [&](const elf::Error& error) {
        const std::string what = error == elf::ErrorCode::NotElf
                                     ? describe_other(base::as_text(content.bytes().first(
                                           std::min<size_t>(content.bytes().size(), 128))))
                                     : fmt::format("{} ({})", error.text, error.number);
        return failure(
            ExitCode::InvalidInput,
            fmt::format("expected an x86-64 Linux program at '{}', got: {}", out.path, what), {},
            "give the program that it starts: for a script its interpreter, for "
            "gunicorn python3 with --command='python3 -m gunicorn ...'");
    };
    const auto reader = elf::Reader::open(content.bytes());
    if (!reader)
        return wrong(reader.error());
    const auto facts = elf::read_dependencies(*reader);
    if (!facts)
        return wrong(facts.error());
    out.kind = facts->kind;
    out.libc = facts->libc;
    out.interpreter = facts->interpreter;
    out.soname = facts->soname;
    out.rpath = facts->rpath;
    out.runpath = facts->runpath;
    const auto listed = elf::for_each_needed(
        *reader, [&](std::string_view name) { out.needed.emplace_back(name); });
    if (!listed)
        return wrong(listed.error());
    return out;
}

Outcome<LibrarySearch> LibrarySearch::open(const NativeImage& image, elf::LibC libc,
                                           std::string_view ld_library_path) {
    LibrarySearch out(image, libc, ld_library_path);
    out.folders_ = SCONE_TRY(read_loader_folders(image, libc));
    return out;
}

std::string LibrarySearch::look_into(std::string_view folder, std::string_view name) const {
    if (!folder.starts_with('/'))
        return "";  // relative to a working folder that nobody knows
    const auto path = image_->clean_path(fmt::format("{}/{}", folder, name));
    const auto* file = path ? image_->file(*path) : nullptr;
    return file != nullptr && looks_like_elf(*image_, *file) ? *path : "";
}

std::string LibrarySearch::look_along(std::string_view list, std::string_view name,
                                      const std::string& object) const {
    std::string found;
    while (found.empty() && !list.empty()) {
        const std::string_view folder = next_part(list, ':');
        found =
            look_into(object.empty() ? std::string(folder) : expand_origin(folder, object), name);
    }
    return found;
}

std::string LibrarySearch::find(std::string_view name, const ElfFacts& by) const {
    if (name.find('/') != std::string_view::npos) {
        const auto path = name.starts_with('/') ? image_->clean_path(name) : std::nullopt;
        return path && image_->file(*path) != nullptr ? *path : "";
    }
    if (libc_ == elf::LibC::Musl && (name == "libc.so" || name.starts_with("libc.musl-")))
        return "-";
    std::string found;
    if (by.runpath.empty())
        found = by.rpath.empty() ? look_along(by.inherited_rpath, name, "")
                                 : look_along(by.rpath, name, by.path);
    if (found.empty())
        found = look_along(environment_, name, by.path);
    if (found.empty())
        found = look_along(by.runpath, name, by.path);
    for (const auto* folders : {&folders_.configured, &folders_.own})
        for (const std::string& folder : *folders)
            if (found.empty())
                found = look_into(folder, name);
    return found;
}

Outcome<Closure> closure_of(const NativeImage& image, const ElfFacts& file,
                            const LibrarySearch& search) {
    Closure out;
    out.interpreter = file.interpreter;
    std::set<std::string> seen;  // real paths
    if (const auto* interpreter = image.file(file.interpreter); !file.interpreter.empty()) {
        if (interpreter == nullptr)
            out.missing.push_back(fmt::format("{}, the loader of {}", file.interpreter, file.path));
        else
            seen.insert("/" + interpreter->entry.path);
    }
    // Breadth first, as the loader maps them.
    std::vector<ElfFacts> queue{file};
    for (size_t i = 0; i < queue.size(); ++i) {
        const ElfFacts object = queue[i];
        for (const std::string& name : object.needed) {
            const std::string path = search.find(name, object);
            if (path == "-")
                continue;
            const auto* library = path.empty() ? nullptr : image.file(path);
            if (library == nullptr) {
                out.missing.push_back(fmt::format("{}, needed by {}", name, object.path));
                continue;
            }
            if (!seen.insert("/" + library->entry.path).second)
                continue;
            if (out.libraries.size() >= kMaxLibraries)
                return failure(
                    ExitCode::InvalidInput,
                    fmt::format("'{}' needs more than {} libraries", file.path, kMaxLibraries));
            out.libraries.push_back(path);
            ElfFacts facts = SCONE_TRY(read_elf(image, *library));
            // A DT_RPATH holds for what its object loads, too.
            if (object.runpath.empty())
                facts.inherited_rpath = object.rpath.empty()
                                            ? object.inherited_rpath
                                            : expand_origin(object.rpath, object.path);
            queue.push_back(std::move(facts));
        }
    }
    return out;
}

}  // namespace scone::sconify
