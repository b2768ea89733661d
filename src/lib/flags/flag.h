// A command line as data: commands, their flags and arguments, defined once.
//
// Side:    hosted
// The parser (parse_flags), --help, the manual page and the completion (help_text) are made from
// these tables, so that none of them can say something the others do not.
// Threads: constant data; the tables live as long as the program
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace scone::flags {

enum class FlagKind {
    Switch,    // --dry-run
    Value,     // --heap=SIZE; given twice, the last one wins
    Repeated,  // --dir=PATH; every one counts
};

struct Flag {
    std::string_view name;  // long name without dashes: "service-name"
    char letter = 0;        // 'v' for -v; 0 for none
    FlagKind kind = FlagKind::Switch;
    std::string_view value = {};         // "SIZE"; empty for a switch
    std::string_view help = {};          // one or more sentences; wrapped when printed
    std::string_view group = "OPTIONS";  // heading in --help
    std::string_view default_value = {};
    std::string_view choices = {};        // "0|1|2": only these values are accepted
    std::string_view environment = {};    // variable that gives the value if the flag is absent
    std::string_view not_supported = {};  // why it is refused for now, with ExitCode::Unsupported
    bool hidden = false;                  // parsed, but neither in --help nor in the manual page
    bool alone = false;                   // as --help: what is missing is no error (--version)
};

enum class Arity { One, Optional, Many, AtLeastOne };

struct Argument {
    std::string_view name;  // "FILE"
    std::string_view help = {};
    Arity arity = Arity::One;
};

struct Example {
    std::string_view command_line;  // without a shell's features; a test parses each one
    std::string_view meaning;
};

struct Command {
    std::string_view name;   // "sconify_image"; of a subcommand its last word
    std::string_view about;  // one sentence
    std::vector<Flag> flags = {};
    std::vector<Argument> arguments = {};
    std::vector<Command> subcommands = {};
    std::vector<Example> examples = {};
    std::string_view notes = {};  // further paragraphs of the help, printed as they stand
    // Everything after the last argument of arity One is taken as it is (scone run IMAGE ARGS...).
    bool rest_is_verbatim = false;
    // Old spellings of the same command ("binaryfs").
    std::vector<std::string_view> aliases = {};
};

// Both are added to every command by the parser and by the help; no table lists them.
inline constexpr Flag kHelpFlag{.name = "help", .letter = 'h', .help = "print this help and end"};

}  // namespace scone::flags
