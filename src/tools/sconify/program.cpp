#include "tools/sconify/program.h"

#include <fmt/format.h>

#include "tools/sconify/command_line.h"

namespace scone::sconify {
namespace {

using text::ExitCode;
using text::failure;
using text::Outcome;

constexpr std::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// "/usr/bin/python3.11" gives "3.11".
std::string python_version(std::string_view path) {
    const std::string_view name = oci::split_path(path).second;
    if (!name.starts_with("python3"))
        return "";
    const std::string_view version = name.substr(6);
    return version.find_first_not_of("0123456789.") == std::string_view::npos ? std::string(version)
                                                                              : "";
}

std::string first_line(const NativeImage& image, const oci::FileTree::Node& file) {
    const std::string head = image.spool->read_text(file.entry.content, 128).value_or("");
    return head.starts_with("#!") ? head.substr(0, head.find('\n')) : "";
}

}  // namespace

const oci::FileTree::Node* find_program(const NativeImage& image, std::string_view name) {
    if (name.find('/') != std::string_view::npos)
        return image.file(name);
    const std::string variable =
        image.config().variable("PATH").value_or(std::string(kDefaultPath));
    std::string_view rest = variable;
    while (!rest.empty()) {
        const size_t colon = rest.find(':');
        const std::string_view folder = rest.substr(0, colon);
        rest = colon == std::string_view::npos ? "" : rest.substr(colon + 1);
        const auto* file = image.file(fmt::format("{}/{}", folder, name));
        if (file != nullptr && file->entry.kind == oci::EntryKind::Regular &&
            (file->entry.mode & 0111) != 0)
            return file;
    }
    return nullptr;
}

std::string library_path_of(const NativeImage& image, const Options& options) {
    std::string path = image.config().variable("LD_LIBRARY_PATH").value_or("");
    for (const auto& [name, value] : options.environment)
        if (name == "LD_LIBRARY_PATH")
            path = value;
    return path;
}

Outcome<Program> inspect_program(const NativeImage& image, const Options& options) {
    const auto* file = find_program(image, options.binary);
    if (file == nullptr)
        return failure(
            ExitCode::NotFound,
            fmt::format("no program '{}' in image '{}'", options.binary, options.from.given), {},
            "docker run --entrypoint which IMAGE PROGRAM tells where it is");
    Program out;
    out.facts = SCONE_TRY(read_elf(image, *file));
    out.path = out.facts.path;
    if (out.facts.kind == elf::Kind::Relocatable || out.facts.kind == elf::Kind::SharedLibrary)
        return failure(ExitCode::InvalidInput, fmt::format("'{}' is no program but a {}", out.path,
                                                           elf::kind_name(out.facts.kind)));
    const LibrarySearch search =
        SCONE_TRY(LibrarySearch::open(image, out.facts.libc, library_path_of(image, options)));
    out.closure = SCONE_TRY(closure_of(image, out.facts, search));
    if (!out.closure.missing.empty())
        return failure(
            ExitCode::NotFound,
            fmt::format("a shared object is not in the image: {}", out.closure.missing[0]), {},
            "install it in the native image, or name its folder by ENV "
            "LD_LIBRARY_PATH there");
    out.service_version = python_version(out.path);
    out.service = out.service_version.empty() ? Service::None : Service::Python;
    return out;
}

Outcome<std::vector<std::string>> service_command(const NativeImage& image, const Program& program,
                                                  const Options& options) {
    std::vector<std::string> words = options.command
                                         ? SCONE_TRY(split_shell_words(*options.command))
                                         : SCONE_TRY(command_of(image.config()));
    if (words.empty())
        return std::vector<std::string>{program.path};
    const auto* first = find_program(image, words[0]);
    if (first != nullptr && "/" + first->entry.path == program.path)
        return words;
    // What --command names first is only argv[0].
    if (options.command)
        return words;
    const std::string advice = "give it as --binary, or write --command='PROGRAM ARGS'";
    if (first == nullptr)
        return failure(ExitCode::NotFound,
                       fmt::format("the image's command starts '{}', which is not in it", words[0]),
                       {}, advice);
    if (const std::string line = first_line(image, *first); !line.empty())
        return failure(
            ExitCode::Unsupported,
            fmt::format("the image's command starts the script '{}' ({})", first->entry.path, line),
            {}, fmt::format("write what it starts in the end: --command='{} ARGS'", program.path));
    return failure(ExitCode::Conflict,
                   fmt::format("the image's command starts '/{}', --binary is '{}'",
                               first->entry.path, program.path),
                   {}, advice);
}

}  // namespace scone::sconify
