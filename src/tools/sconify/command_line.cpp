#include "tools/sconify/command_line.h"

#include <fmt/format.h>

namespace scone::sconify {
namespace {

using text::ExitCode;
using text::failure;
using text::Outcome;

std::unexpected<text::Failure> needs_shell(std::string_view line, char what) {
    return failure(ExitCode::Unsupported,
                   fmt::format("the command '{}' needs a shell: '{}' in it", line, what), {},
                   "write the program and its arguments without a shell: --command='PROGRAM ARGS'");
}

bool is_shell(std::string_view program) {
    const size_t slash = program.rfind('/');
    const std::string_view name =
        slash == std::string_view::npos ? program : program.substr(slash + 1);
    return name == "sh" || name == "bash" || name == "dash" || name == "ash";
}

}  // namespace

Outcome<std::vector<std::string>> split_shell_words(std::string_view line) {
    std::string_view rest = line;
    // "exec PROGRAM" starts the same program.
    if (rest.starts_with("exec "))
        rest.remove_prefix(5);
    std::vector<std::string> words;
    std::string word;
    bool in_word = false;
    char quote = 0;
    for (size_t i = 0; i < rest.size(); ++i) {
        const char c = rest[i];
        if (quote == '\'') {
            if (c == quote)
                quote = 0;
            else
                word += c;
            continue;
        }
        if (c == '$' || c == '`')
            return needs_shell(line, c);
        if (c == '\\' && i + 1 < rest.size()) {
            const char next = rest[++i];
            // Inside double quotes a backslash stands for itself but before these.
            if (quote == '"' && next != '"' && next != '\\' && next != '$' && next != '`')
                word += c;
            word += next;
            in_word = true;
        } else if (quote == '"') {
            if (c == quote)
                quote = 0;
            else
                word += c;
        } else if (c == '\'' || c == '"') {
            quote = c;
            in_word = true;
        } else if (c == ' ' || c == '\t' || c == '\n') {
            if (in_word)
                words.push_back(std::move(word));
            word.clear();
            in_word = false;
        } else if (std::string_view("|&;<>()*?[]#~!{}").find(c) != std::string_view::npos) {
            return needs_shell(line, c);
        } else {
            word += c;
            in_word = true;
        }
    }
    if (quote != 0)
        return failure(ExitCode::Usage,
                       fmt::format("the command '{}' has a quote without its end", line));
    if (in_word)
        words.push_back(std::move(word));
    // "NAME=value program" sets a variable first.
    if (!words.empty() && words[0].find('=') != std::string::npos)
        return needs_shell(line, '=');
    return words;
}

Outcome<std::vector<std::string>> command_of(const oci::ImageConfig& config) {
    std::vector<std::string> words = config.entrypoint;
    words.insert(words.end(), config.command.begin(), config.command.end());
    if (words.size() >= 3 && is_shell(words[0]) && words[1] == "-c") {
        if (words.size() > 3)
            return failure(
                ExitCode::Unsupported,
                fmt::format("the image's command '{} -c' takes arguments of its own", words[0]), {},
                "write the whole command: --command='PROGRAM ARGS'");
        return split_shell_words(words[2]);
    }
    return words;
}

}  // namespace scone::sconify
