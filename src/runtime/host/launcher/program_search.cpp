// From a command to the ELF file that Linux would run.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "runtime/host/launcher/mapped_file.h"
#include "runtime/host/launcher/program.h"

namespace scone::launcher {
namespace {

using text::ExitCode;
using text::Outcome;

constexpr size_t kMaxScriptLine = 256;
constexpr int kMaxInterpreters = 4;

bool is_executable_file(const std::string& path) {
    struct stat status;
    return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
           access(path.c_str(), X_OK) == 0;
}

Outcome<std::string> find_in_path(const std::string& name) {
    if (name.find('/') != std::string::npos) {
        if (!is_executable_file(name))
            return text::failure(ExitCode::NotFound,
                                 "program '" + name + "' is not an executable file");
        return normal_path(name);
    }
    const char* variable = std::getenv("PATH");
    std::string_view rest = variable != nullptr ? variable : "/usr/local/bin:/usr/bin:/bin";
    for (;;) {
        size_t end = rest.find(':');
        std::string folder(rest.substr(0, end));
        std::string candidate = (folder.empty() ? "." : folder) + "/" + name;
        if (is_executable_file(candidate))
            return normal_path(candidate);
        if (end == std::string_view::npos)
            break;
        rest.remove_prefix(end + 1);
    }
    return text::failure(ExitCode::NotFound, "program '" + name + "' is not in PATH");
}

std::string_view trimmed(std::string_view text) {
    size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos)
        return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// "#!/bin/sh -e" -> {"/bin/sh", "-e"}; the rest of the line is one argument, as Linux has it.
std::vector<std::string> script_interpreter(base::Bytes file) {
    std::string_view text = base::as_text(file.first(std::min(file.size(), kMaxScriptLine)));
    if (!text.starts_with("#!"))
        return {};
    text = trimmed(text.substr(2, text.find('\n') - 2));
    size_t end = text.find_first_of(" \t");
    std::vector<std::string> words{std::string(text.substr(0, end))};
    if (end != std::string_view::npos)
        words.emplace_back(trimmed(text.substr(end)));
    return words;
}

}  // namespace

std::string normal_path(const std::string& path) {
    std::string whole = path;
    if (!path.starts_with('/')) {
        char* current = get_current_dir_name();
        whole = std::string(current != nullptr ? current : "") + "/" + path;
        std::free(current);
    }
    std::vector<std::string_view> parts;
    std::string_view rest = whole;
    while (!rest.empty()) {
        size_t end = rest.find('/');
        std::string_view part = rest.substr(0, end);
        if (part == ".." && !parts.empty())
            parts.pop_back();
        else if (!part.empty() && part != "." && part != "..")
            parts.push_back(part);
        if (end == std::string_view::npos)
            break;
        rest.remove_prefix(end + 1);
    }
    std::string result;
    for (std::string_view part : parts)
        result.append("/").append(part);
    return result.empty() ? "/" : result;
}

Outcome<Program> find_program(const std::vector<std::string>& command) {
    Program program;
    program.arguments = command;
    program.path = SCONE_TRY(find_in_path(command.front()));
    for (int depth = 0; depth <= kMaxInterpreters; depth++) {
        MappedFile file = SCONE_TRY(MappedFile::open(program.path));
        std::vector<std::string> interpreter = script_interpreter(file.bytes());
        if (interpreter.empty())
            return program;
        if (interpreter.front().empty())
            break;
        // argv[0] gives way to the interpreter, its argument and the script's path.
        interpreter.push_back(depth == 0 && command.front().find('/') != std::string::npos
                                  ? command.front()
                                  : program.path);
        program.path = normal_path(interpreter.front());
        if (!is_executable_file(program.path))
            return text::failure(ExitCode::NotFound, "script interpreter '" + program.path +
                                                         "' is not an executable file");
        interpreter.insert(interpreter.end(), program.arguments.begin() + 1,
                           program.arguments.end());
        program.arguments = std::move(interpreter);
    }
    return text::failure(ExitCode::Unsupported,
                         "'" + command.front() + "' names interpreters in a circle");
}

}  // namespace scone::launcher
