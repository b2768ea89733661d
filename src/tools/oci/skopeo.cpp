#include "tools/oci/skopeo.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

extern char** environ;

namespace scone::oci {
namespace {

// Runs a program by its words, without a shell; gives back its last line on stderr if it fails.
Outcome<void> run_program(const std::vector<std::string>& words, const std::string& what) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return failure(ExitCode::Failed, fmt::format("no pipe: {}", std::strerror(errno)));
    const FileHandle reading(ends[0]);
    FileHandle writing(ends[1]);
    std::vector<char*> arguments;
    for (const std::string& word : words)
        arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, writing.get(), 2);
    pid_t child = 0;
    const int error =
        ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0)
        return failure(ExitCode::Unsupported,
                       fmt::format("cannot start {}: {}", words[0], std::strerror(error)), {},
                       "apt-get install skopeo, or use oci: and docker-archive: images");
    writing.close();
    FileSource source(FileHandle(::dup(reading.get())), words[0]);
    std::string said = read_all(source, 1 << 20, words[0]).value_or("");
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return {};
    while (said.ends_with('\n'))
        said.pop_back();
    if (const size_t line = said.rfind('\n'); line != std::string::npos)
        said.erase(0, line + 1);
    const bool missing = said.find("manifest unknown") != std::string::npos ||
                         said.find("not found") != std::string::npos;
    return failure(missing ? ExitCode::NotFound : ExitCode::Unreachable,
                   fmt::format("{}: {}", what, said));
}

}  // namespace

Outcome<ImageSource> open_from_registry(const std::string& reference) {
    TemporaryFolder folder = SCONE_TRY(TemporaryFolder::create_in_temp());
    SCONE_TRY(
        run_program({"skopeo", "copy", "--quiet", "--override-os=linux", "--override-arch=amd64",
                     "docker://" + reference, "oci:" + folder.path() + ":pulled"},
                    fmt::format("cannot pull '{}'", reference)));
    ImageSource source = SCONE_TRY(open_layout(folder.path(), "pulled"));
    source.folder = std::move(folder);
    return source;
}

Outcome<void> push_to_registry(const std::string& layout, const std::string& reference) {
    return run_program({"skopeo", "copy", "--quiet", "oci:" + layout, "docker://" + reference},
                       fmt::format("cannot push '{}'", reference));
}

}  // namespace scone::oci
