// The words of a command line as a tool's process has them.
//
// Side:    host
// Errors:  Usage (argument files nested too deep), NotFound (an argument file)
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/text/failure.h"

namespace scone::cli {

// argv[1..] as strings.
std::vector<std::string> words_of(int argc, char** argv);
// getenv as a flags::Lookup; an empty variable counts as absent.
std::optional<std::string> process_environment(std::string_view variable);
// Replaces each word "@FILE" by the lines of FILE, one word per line, to a depth of 8. Words behind
// "--" stay as they are.
text::Outcome<std::vector<std::string>> expand_files(std::span<const std::string> words);

}  // namespace scone::cli
