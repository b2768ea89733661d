// Reads the words of a command line by the tables of flag.h.
//
// Side:    hosted
// Accepted: --name=value, --name value, -n value, -nvalue, combined switches (-GCS), -- (what
//           follows are arguments). A switch takes no value; a value given twice: the last wins.
// Errors:  Usage (unknown flag with the nearest known one, missing or extra argument, value not
//          among the choices, or empty), Unsupported (a flag whose table entry says so)
// Threads: pure functions
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/flags/flag.h"
#include "lib/text/failure.h"

namespace scone::flags {

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

// A number of bytes: digits with an optional suffix k, m or g of either case (powers of 1024).
text::Outcome<uint64_t> parse_size(std::string_view flag, std::string_view value);

}  // namespace scone::flags
