// Reads the words of a command line by the tables of flag.h.
//
// Side:    host
// Accepted: --name=value, --name value, -n value, -nvalue, combined switches (-GCS), -- (what
//           follows are arguments). A switch takes no value; a value given twice: the last wins.
// Errors:  Usage (unknown flag with the nearest known one, missing or extra argument, value not
//          among the choices), Unsupported (a flag whose table entry says so)
// Threads: pure functions
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/text/failure.h"
#include "tools/cli/flag.h"

namespace scone::cli {

using Lookup = std::function<std::optional<std::string>(std::string_view variable)>;

class ParsedCommand {
  public:
    // The command that the words chose, and the words that lead to it ("scone session create").
    const Command* command = nullptr;
    std::string path;
    bool help_wanted = false;
    std::vector<std::string> arguments;

    // True when the flag was given on the command line or by its environment variable.
    bool given(std::string_view flag) const { return values_.contains(flag); }
    // The last value given, else the default of the table, else nothing.
    std::optional<std::string> value(std::string_view flag) const;
    std::string value_or(std::string_view flag, std::string_view otherwise) const;
    // Every value given, in order. Empty when none was.
    std::vector<std::string> values(std::string_view flag) const;

  private:
    friend class FlagParser;
    std::map<std::string, std::vector<std::string>, std::less<>> values_;
    std::map<std::string, std::string, std::less<>> defaults_;
};

// `words` are argv without the program's name. Flags of an outer command are accepted before and
// after the subcommand's name. When help is wanted, missing arguments are no error.
text::Outcome<ParsedCommand> parse_flags(const Command& root, std::span<const std::string> words,
                                         const Lookup& environment);

// argv[1..] as strings.
std::vector<std::string> words_of(int argc, char** argv);
// getenv as a Lookup; an empty variable counts as absent.
std::optional<std::string> process_environment(std::string_view variable);
// Replaces each word "@FILE" by the lines of FILE, one word per line, to a depth of 8. Words behind
// "--" stay as they are.
text::Outcome<std::vector<std::string>> expand_files(std::span<const std::string> words);

// A number of bytes: digits with an optional suffix k, m or g of either case (powers of 1024).
text::Outcome<uint64_t> parse_size(std::string_view flag, std::string_view value);

}  // namespace scone::cli
