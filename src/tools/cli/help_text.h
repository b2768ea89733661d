// Text made from the tables of flag.h: --help, the manual page, the shell completion.
//
// Side:    host
// Threads: pure functions
#pragma once

#include <string>
#include <string_view>

#include "tools/cli/flag.h"

namespace scone::cli {

// `path` is how the command is called ("scone session create"). Layout: what it is, USAGE, ARGS,
// the groups of flags in the order in which they first occur, SUBCOMMANDS, EXAMPLES. `width` is
// the number of columns to stay within.
std::string help_text(const Command& command, std::string_view path, size_t width = 100);

// roff source of section 1, with every subcommand and the table of exit codes.
std::string manual_page(const Command& root, std::string_view version);

// A bash completion script for the program and its subcommands.
std::string bash_completion(const Command& root);

// Markdown: every command with its arguments and flags, and the table of exit codes.
std::string markdown_reference(const Command& root);
// docs/reference/exit-codes.md
std::string exit_code_document();

// The exit code table of lib/text/exit_code.h, one row per line.
std::string exit_code_table();

}  // namespace scone::cli
