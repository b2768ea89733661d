#include "lib/flags/spelling.h"

namespace scone::flags {

std::string flag_spelling(const Flag& flag) {
    std::string out = flag.letter != 0 ? std::string("-") + flag.letter + ", " : "";
    out += "--" + std::string(flag.name);
    if (flag.kind != FlagKind::Switch)
        out += "=" + std::string(flag.choices.empty() ? flag.value : flag.choices);
    return out;
}

std::string flag_help(const Flag& flag) {
    std::string out(flag.help);
    if (flag.kind == FlagKind::Repeated)
        out += " (may be repeated)";
    if (!flag.default_value.empty())
        out += " (default: " + std::string(flag.default_value) + ")";
    if (!flag.environment.empty())
        out += " [" + std::string(flag.environment) + "]";
    if (!flag.not_supported.empty())
        out += " (not supported yet)";
    return out;
}

std::string argument_spelling(const Argument& argument) {
    switch (argument.arity) {
        case Arity::One:
            return std::string(argument.name);
        case Arity::Optional:
            return "[" + std::string(argument.name) + "]";
        case Arity::Many:
            return "[" + std::string(argument.name) + "]...";
        case Arity::AtLeastOne:
            return std::string(argument.name) + "...";
    }
    return {};
}

std::string usage_line(const Command& command, std::string_view path) {
    std::string out = std::string(path) + " [OPTIONS]";
    for (const Argument& argument : command.arguments)
        out += " " + argument_spelling(argument);
    if (!command.subcommands.empty())
        out += command.arguments.empty() ? " COMMAND" : " [COMMAND]";
    return out;
}

}  // namespace scone::flags
