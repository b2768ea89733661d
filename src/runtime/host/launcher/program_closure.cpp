// The files that a program's start maps: itself, its interpreter, its libraries as ld.so finds
// them.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "lib/elf/dependencies.h"
#include "runtime/host/launcher/file_digest.h"
#include "runtime/host/launcher/log.h"
#include "runtime/host/launcher/patch_plans.h"
#include "runtime/host/launcher/program.h"

namespace scone::launcher {
namespace {

using text::ExitCode;
using text::Outcome;

constexpr size_t kMaxFiles = 512;
constexpr std::string_view kGlibcFolders =
    "/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu:/lib:/usr/lib:/lib64:/usr/lib64:"
    "/usr/local/lib/x86_64-linux-gnu:/usr/local/lib";
constexpr std::string_view kMuslFolders = "/lib:/usr/local/lib:/usr/lib";

struct Object {
    std::string path;
    std::string rpath;  // DT_RPATH where there is no DT_RUNPATH
    std::string runpath;
    std::vector<std::string> needed;
    std::string interpreter;
    elf::LibC libc = elf::LibC::None;
};

std::string error_text(const std::string& path, const elf::Error& error) {
    return path + ": " + error.text + " (at " + std::to_string(error.number) + ")";
}

elf::Result<Object> read_object(const std::string& path, base::Bytes file) {
    elf::Reader reader = SCONE_TRY(elf::Reader::open(file));
    elf::Dependencies found = SCONE_TRY(elf::read_dependencies(reader));
    Object object;
    object.path = path;
    object.runpath = found.runpath;
    object.rpath = found.runpath.empty() ? found.rpath : std::string_view();
    object.interpreter = found.interpreter;
    object.libc = found.libc;
    SCONE_TRY(elf::for_each_needed(
        reader, [&](std::string_view name) { object.needed.emplace_back(name); }));
    return object;
}

// musl's loader is the C library and answers to these names itself.
bool is_part_of_musl(std::string_view name) {
    for (std::string_view part :
         {"libc.", "libpthread.", "librt.", "libm.", "libdl.", "libutil.", "libxnet.", "ld-musl-"})
        if (name.starts_with(part))
            return true;
    return false;
}
bool is_glibc_loader(std::string_view name) {
    return name.starts_with("ld-linux");
}

std::string expand(std::string_view folder, const std::string& object_path) {
    std::string text(folder);
    std::string origin = object_path.substr(0, object_path.rfind('/'));
    for (auto [name, value] : {std::pair<std::string, std::string>{"$ORIGIN", origin},
                               {"${ORIGIN}", origin},
                               {"$LIB", "lib/x86_64-linux-gnu"},
                               {"${LIB}", "lib/x86_64-linux-gnu"}})
        for (size_t at; (at = text.find(name)) != std::string::npos;)
            text.replace(at, name.size(), value);
    return text;
}

// A file there that is an ELF of this processor; others are passed over as ld.so does.
bool is_library(const std::string& path) {
    if (access(path.c_str(), R_OK) != 0)
        return false;
    auto file = MappedFile::open(path);
    return file && elf::Reader::open(file->bytes()).has_value();
}

std::string find_in(std::string_view folders, const std::string& name,
                    const std::string& object_path) {
    while (!folders.empty()) {
        size_t end = folders.find(':');
        std::string folder = expand(folders.substr(0, end), object_path);
        if (!folder.empty()) {
            std::string path = normal_path(folder + "/" + name);
            if (is_library(path))
                return path;
        }
        if (end == std::string_view::npos)
            break;
        folders.remove_prefix(end + 1);
    }
    return {};
}

class Closure {
  public:
    Outcome<std::vector<ClosureFile>> of(const std::string& program) {
        Object object = SCONE_TRY(add(sgx::FileRole::Program, program));
        program_rpath_ = object.rpath;
        if (!object.interpreter.empty())
            SCONE_TRY(add(sgx::FileRole::Interpreter, normal_path(object.interpreter)));
        libc_ = object.libc;
        std::vector<Object> queue{std::move(object)};
        // Breadth first, as ld.so maps them.
        for (size_t at = 0; at < queue.size(); at++) {
            std::vector<std::string> names = queue[at].needed;
            for (const std::string& name : names) {
                std::string path = find(queue[at], name);
                if (path.empty() || !paths_.insert(path).second)
                    continue;
                if (files_.size() >= kMaxFiles)
                    return text::failure(ExitCode::Unsupported,
                                         program + " needs more than 512 libraries");
                queue.push_back(SCONE_TRY(add(sgx::FileRole::Library, path)));
            }
        }
        return std::move(files_);
    }

  private:
    Outcome<Object> add(sgx::FileRole role, const std::string& path) {
        MappedFile file = SCONE_TRY(MappedFile::open(path));
        auto object = read_object(path, file.bytes());
        if (!object)
            return text::failure(ExitCode::Unsupported, error_text(path, object.error()),
                                 "reading the program");
        FileDigests digests = file_digests(path, file);
        files_.push_back({role, path,
                          x86_plans::FilePlan{.digest = digests.content,
                                              .size = file.bytes().size(),
                                              .plan = cached_plan(file, digests.content),
                                              .pages = std::move(digests.pages)}});
        paths_.insert(path);
        return *std::move(object);
    }

    std::string find(const Object& object, const std::string& name) {
        bool musl = libc_ == elf::LibC::Musl;
        if (musl ? is_part_of_musl(name) : is_glibc_loader(name))
            return {};
        if (!names_.insert(name).second)
            return {};
        if (name.find('/') != std::string::npos)
            return is_library(name) ? normal_path(name) : std::string();
        const char* variable = std::getenv("LD_LIBRARY_PATH");
        for (std::string_view folders :
             {std::string_view(object.rpath), std::string_view(program_rpath_),
              std::string_view(variable != nullptr ? variable : ""),
              std::string_view(object.runpath), musl ? kMuslFolders : kGlibcFolders})
            if (std::string path = find_in(folders, name, object.path); !path.empty())
                return path;
        log(Level::Info, "library " + name + ", needed by " + object.path + ", is not there");
        return {};
    }

    std::vector<ClosureFile> files_;
    std::set<std::string> paths_;
    std::set<std::string> names_;
    std::string program_rpath_;
    elf::LibC libc_ = elf::LibC::None;
};

}  // namespace

Outcome<std::vector<ClosureFile>> program_closure(const std::string& program) {
    return Closure().of(program);
}

}  // namespace scone::launcher
