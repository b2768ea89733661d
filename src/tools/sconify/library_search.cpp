#include "tools/sconify/library_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace scone::sconify {
namespace {

using text::ExitCode;
using text::failure;
using text::Outcome;

constexpr size_t kMaxConfiguration = 1 << 16;
constexpr size_t kMaxLibraries = 1024;

std::string_view next_part(std::string_view& list, char separator) {
    const size_t end = list.find(separator);
    const std::string_view part = list.substr(0, end);
    list = end == std::string_view::npos ? "" : list.substr(end + 1);
    return part;
}

std::string expand_origin(std::string_view folder, const std::string& object) {
    std::string out(folder);
    const std::string origin = "/" + std::string(oci::split_path(object.substr(1)).first);
    for (const std::string_view name : {"${ORIGIN}", "$ORIGIN"})
        for (size_t at; (at = out.find(name)) != std::string::npos;)
            out.replace(at, name.size(), origin);
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

LibrarySearch::LibrarySearch(const NativeImage& image, elf::LibC libc,
                             std::string_view ld_library_path)
    : image_(image), libc_(libc), environment_(ld_library_path) {
    if (libc == elf::LibC::Musl) {
        own_ = {"/lib", "/usr/local/lib", "/usr/lib"};
        if (const auto* file = image.file("/etc/ld-musl-x86_64.path")) {
            const auto text = image.spool->read_text(file->entry.content, kMaxConfiguration);
            std::string_view rest = text ? std::string_view(*text) : "";
            own_.clear();
            while (!rest.empty()) {
                std::string_view line = next_part(rest, '\n');
                while (!line.empty())
                    own_.emplace_back(next_part(line, ':'));
            }
        }
        return;
    }
    own_ = {"/lib/x86_64-linux-gnu",
            "/usr/lib/x86_64-linux-gnu",
            "/lib64",
            "/usr/lib64",
            "/lib",
            "/usr/lib"};
    read_configuration("/etc/ld.so.conf", 0);
}

void LibrarySearch::read_configuration(const std::string& path, int depth) {
    const auto* file = image_.file(path);
    if (file == nullptr || file->entry.kind != oci::EntryKind::Regular || depth > 4)
        return;
    const auto text = image_.spool->read_text(file->entry.content, kMaxConfiguration);
    std::string_view rest = text ? std::string_view(*text) : "";
    while (!rest.empty()) {
        std::string_view line = next_part(rest, '\n');
        line = line.substr(0, line.find('#'));
        while (line.ends_with(' ') || line.ends_with('\t'))
            line.remove_suffix(1);
        if (line.starts_with("include ")) {
            // "include /etc/ld.so.conf.d/*.conf": the files of one folder, by name.
            const std::string_view pattern = line.substr(8);
            const size_t star = pattern.find('*');
            if (star == std::string_view::npos) {
                read_configuration(std::string(pattern), depth + 1);
                continue;
            }
            const auto* folder = image_.file(pattern.substr(0, pattern.rfind('/', star)));
            if (folder == nullptr)
                continue;
            for (const auto& [name, child] : folder->children)
                if (name.ends_with(pattern.substr(star + 1)))
                    read_configuration("/" + child->entry.path, depth + 1);
        } else if (line.starts_with('/')) {
            configured_.emplace_back(line);
        }
    }
}

std::string LibrarySearch::look_in(std::string_view list, std::string_view name,
                                   const ElfFacts& by) const {
    while (!list.empty()) {
        const std::string folder = expand_origin(next_part(list, ':'), by.path);
        if (!folder.starts_with('/'))
            continue;  // relative to a working folder that nobody knows
        const std::string path = fmt::format("{}/{}", folder, name);
        if (const auto* file = image_.file(path); file != nullptr && looks_like_elf(image_, *file))
            return path;
    }
    return "";
}

std::string LibrarySearch::find(std::string_view name, const ElfFacts& by) const {
    if (name.find('/') != std::string_view::npos) {
        const auto* file = image_.file(name);
        return name.starts_with('/') && file != nullptr ? std::string(name) : "";
    }
    if (libc_ == elf::LibC::Musl && (name == "libc.so" || name.starts_with("libc.musl-")))
        return "-";
    std::string found;
    if (by.runpath.empty() && !by.rpath.empty())
        found = look_in(by.rpath, name, by);
    if (found.empty())
        found = look_in(environment_, name, by);
    if (found.empty() && !by.runpath.empty())
        found = look_in(by.runpath, name, by);
    for (const auto* folders : {&configured_, &own_})
        for (const std::string& folder : *folders)
            if (found.empty())
                found = look_in(folder, name, by);
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
            if (facts.runpath.empty() && facts.rpath.empty() && object.runpath.empty())
                facts.rpath = object.rpath.empty() ? "" : expand_origin(object.rpath, object.path);
            queue.push_back(std::move(facts));
        }
    }
    return out;
}

}  // namespace scone::sconify
