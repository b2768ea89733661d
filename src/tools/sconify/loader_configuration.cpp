#include "tools/sconify/loader_configuration.h"

#include <fmt/format.h>

#include <set>

namespace scone::sconify {
namespace {

using text::ExitCode;
using text::failure;
using text::Outcome;

constexpr size_t kMaxFile = 64 << 10;
constexpr size_t kMaxIncludes = 1024;
constexpr size_t kMaxFolders = 256;
constexpr size_t kMaxPath = 4095;
constexpr std::string_view kBlanks = " \t\r";

auto too_much(const std::string& path, std::string_view what) {
    return failure(ExitCode::InvalidInput, fmt::format("'{}' {}", path, what),
                   "reading where the image's loader looks for libraries");
}

Outcome<std::string> read_file(const NativeImage& image, const oci::FileTree::Node& file) {
    if (file.entry.content.size > kMaxFile)
        return too_much("/" + file.entry.path, fmt::format("has more than {} bytes", kMaxFile));
    return image.spool->read_text(file.entry.content, kMaxFile);
}

Outcome<void> add_folder(std::vector<std::string>& folders, std::string_view folder,
                         const std::string& by) {
    if (folders.size() >= kMaxFolders)
        return too_much(by,
                        fmt::format("and what it includes name more than {} folders", kMaxFolders));
    folders.emplace_back(folder);
    return {};
}

// Goes back to the last star only, so the time is bounded by the product of the sizes.
bool matches(std::string_view pattern, std::string_view name) {
    if (name.starts_with('.') && !pattern.starts_with('.'))
        return false;
    size_t at = 0, star = std::string_view::npos, taken = 0;
    for (size_t i = 0; i < name.size();) {
        if (at < pattern.size() && pattern[at] == '*') {
            star = at++;
            taken = i;
        } else if (at < pattern.size() && (pattern[at] == '?' || pattern[at] == name[i])) {
            ++at;
            ++i;
        } else if (star != std::string_view::npos) {
            at = star + 1;
            i = ++taken;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

// Takes the first word off.
std::string_view next_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
    line.remove_prefix(word.size());
    return word;
}

class GlibcConfiguration {
  public:
    GlibcConfiguration(const NativeImage& image, std::vector<std::string>& folders)
        : image_(image), folders_(folders) {}

    Outcome<void> read(const std::string& path) {
        const auto* file = image_.file(path);
        if (file == nullptr || file->entry.kind != oci::EntryKind::Regular ||
            !seen_.insert(file).second)
            return {};
        const std::string content = SCONE_TRY(read_file(image_, *file));
        for (std::string_view rest = content; !rest.empty();) {
            std::string_view line = next_part(rest, '\n');
            line = line.substr(0, line.find('#'));
            line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
            line = line.substr(0, line.find_last_not_of(kBlanks) + 1);
            if (line.size() > kMaxPath)
                continue;
            if (line.starts_with('/')) {
                SCONE_TRY(add_folder(folders_, line, path));
            } else if (next_word(line) == "include") {
                for (auto word = next_word(line); !word.empty(); word = next_word(line))
                    SCONE_TRY(include(word, path));
            }
        }
        return {};
    }

  private:
    Outcome<void> include(std::string_view pattern, const std::string& by) {
        if (++includes_ > kMaxIncludes)
            return too_much(by, fmt::format("is read behind {} includes", kMaxIncludes));
        std::string path(pattern);
        if (!pattern.starts_with('/'))  // beside the file that it stands in
            path = by.substr(0, by.rfind('/') + 1) + path;
        const size_t slash = path.rfind('/');
        const std::string name = path.substr(slash + 1);
        if (name.find_first_of("*?") == std::string::npos)
            return read(path);
        const auto* folder = image_.file(path.substr(0, slash));
        if (folder == nullptr)
            return {};
        for (const auto& [child_name, child] : folder->children)
            if (matches(name, child_name))
                SCONE_TRY(read(path.substr(0, slash + 1) + child_name));
        return {};
    }

    const NativeImage& image_;
    std::vector<std::string>& folders_;
    std::set<const oci::FileTree::Node*> seen_;
    size_t includes_ = 0;
};

Outcome<LoaderFolders> read_musl(const NativeImage& image) {
    constexpr const char* kPath = "/etc/ld-musl-x86_64.path";
    LoaderFolders out;
    const auto* file = image.file(kPath);
    if (file == nullptr) {
        out.own = {"/lib", "/usr/local/lib", "/usr/lib"};
        return out;
    }
    const std::string content = SCONE_TRY(read_file(image, *file));
    for (std::string_view rest = content; !rest.empty();) {
        std::string_view line = next_part(rest, '\n');
        while (!line.empty())
            if (const std::string_view folder = next_part(line, ':'); folder.size() <= kMaxPath)
                SCONE_TRY(add_folder(out.own, folder, kPath));
    }
    return out;
}

}  // namespace

std::string_view next_part(std::string_view& list, char separator) {
    const size_t end = list.find(separator);
    const std::string_view part = list.substr(0, end);
    list = end == std::string_view::npos ? "" : list.substr(end + 1);
    return part;
}

Outcome<LoaderFolders> read_loader_folders(const NativeImage& image, elf::LibC libc) {
    if (libc == elf::LibC::Musl)
        return read_musl(image);
    LoaderFolders out;
    out.own = {"/lib/x86_64-linux-gnu",
               "/usr/lib/x86_64-linux-gnu",
               "/lib64",
               "/usr/lib64",
               "/lib",
               "/usr/lib"};
    SCONE_TRY(GlibcConfiguration(image, out.configured).read("/etc/ld.so.conf"));
    return out;
}

}  // namespace scone::sconify
