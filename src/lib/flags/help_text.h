// Text made from the tables of flag.h: --help, the references in Markdown, the shell completion.
//
// Side:    hosted
// Threads: pure functions
#pragma once

#include <string>
#include <string_view>

#include "lib/flags/flag.h"

namespace scone::flags {

// `path` is how the command is called ("scone session create"). Layout: what it is, USAGE, ARGS,
// the groups of flags in the order in which they first occur, SUBCOMMANDS, EXAMPLES. `width` is
// the number of columns to stay within.
std::string help_text(const Command& command, std::string_view path, size_t width = 100);

// A bash completion script for the program and its subcommands.
std::string bash_completion(const Command& root);

// Markdown: every command with its arguments and flags, and the table of exit codes.
std::string markdown_reference(const Command& root);
// docs/reference/exit-codes.md
std::string exit_code_document();

}  // namespace scone::flags
