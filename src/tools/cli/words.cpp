#include "tools/cli/words.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>

namespace scone::cli {

using text::ExitCode;
using text::failure;
using text::Outcome;

std::vector<std::string> words_of(int argc, char** argv) {
    return argc > 1 ? std::vector<std::string>(argv + 1, argv + argc) : std::vector<std::string>{};
}

std::optional<std::string> process_environment(std::string_view variable) {
    const char* value = std::getenv(std::string(variable).c_str());
    return value == nullptr || *value == 0 ? std::nullopt : std::optional<std::string>(value);
}

namespace {
Outcome<void> expand_into(std::span<const std::string> words, int depth,
                          std::vector<std::string>& out) {
    if (depth > 8)
        return failure(ExitCode::Usage, "argument files (@FILE) name each other more than 8 deep");
    bool as_it_stands = false;
    for (const std::string& word : words) {
        as_it_stands |= word == "--";
        if (as_it_stands || word.size() < 2 || word[0] != '@') {
            out.push_back(word);
            continue;
        }
        std::ifstream file(word.substr(1));
        if (!file)
            return failure(ExitCode::NotFound,
                           fmt::format("cannot read argument file '{}'", word.substr(1)));
        std::vector<std::string> lines;
        for (std::string line; std::getline(file, line);)
            lines.push_back(line);
        if (auto ok = expand_into(lines, depth + 1, out); !ok)
            return ok;
    }
    return {};
}
}  // namespace

Outcome<std::vector<std::string>> expand_files(std::span<const std::string> words) {
    std::vector<std::string> out;
    if (auto ok = expand_into(words, 0, out); !ok)
        return std::unexpected(ok.error());
    return out;
}

}  // namespace scone::cli
