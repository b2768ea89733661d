#include "tools/cli/help_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/text/exit_code.h"

namespace scone::cli {
namespace {

constexpr size_t kIndent = 4;
constexpr size_t kHelpColumn = 34;

std::string flag_spelling(const Flag& flag) {
    std::string out = flag.letter != 0 ? fmt::format("-{}, ", flag.letter) : "";
    out += fmt::format("--{}", flag.name);
    if (flag.kind != FlagKind::Switch)
        out += fmt::format("={}", flag.choices.empty() ? flag.value : flag.choices);
    return out;
}

std::string flag_help(const Flag& flag) {
    std::string out(flag.help);
    if (flag.kind == FlagKind::Repeated)
        out += " (may be repeated)";
    if (!flag.default_value.empty())
        out += fmt::format(" (default: {})", flag.default_value);
    if (!flag.environment.empty())
        out += fmt::format(" [{}]", flag.environment);
    if (!flag.not_supported.empty())
        out += " (not supported yet)";
    return out;
}

// Appends `text`, wrapped, each line but the first starting at `column`.
void append_wrapped(std::string& out, std::string_view text, size_t column, size_t width) {
    size_t used = column;
    bool line_is_empty = true;
    while (!text.empty()) {
        const size_t space = text.find(' ');
        const std::string_view word = text.substr(0, space);
        if (!line_is_empty && used + 1 + word.size() > width) {
            out += fmt::format("\n{:{}}", "", column);
            used = column;
            line_is_empty = true;
        }
        if (!line_is_empty) {
            out += ' ';
            ++used;
        }
        out += word;
        used += word.size();
        line_is_empty = false;
        text = space == std::string_view::npos ? "" : text.substr(space + 1);
    }
    out += '\n';
}

void append_entry(std::string& out, std::string_view left, std::string_view text, size_t width) {
    out += fmt::format("{:{}}{}", "", kIndent, left);
    const size_t used = kIndent + left.size();
    if (used + 2 > kHelpColumn)
        out += fmt::format("\n{:{}}", "", kHelpColumn);
    else
        out += fmt::format("{:{}}", "", kHelpColumn - used);
    append_wrapped(out, text, kHelpColumn, width);
}

std::string argument_spelling(const Argument& argument) {
    switch (argument.arity) {
        case Arity::One:
            return std::string(argument.name);
        case Arity::Optional:
            return fmt::format("[{}]", argument.name);
        case Arity::Many:
            return fmt::format("[{}]...", argument.name);
        case Arity::AtLeastOne:
            return fmt::format("{}...", argument.name);
    }
    return {};
}

std::string usage_line(const Command& command, std::string_view path) {
    std::string out = fmt::format("{} [OPTIONS]", path);
    for (const Argument& argument : command.arguments)
        out += fmt::format(" {}", argument_spelling(argument));
    if (!command.subcommands.empty())
        out += command.arguments.empty() ? " COMMAND" : " [COMMAND]";
    return out;
}

std::vector<std::string_view> groups_of(const Command& command) {
    std::vector<std::string_view> groups;
    for (const Flag& flag : command.flags)
        if (!flag.hidden && std::ranges::count(groups, flag.group) == 0)
            groups.push_back(flag.group);
    if (std::ranges::count(groups, kHelpFlag.group) == 0)
        groups.push_back(kHelpFlag.group);
    return groups;
}

// roff treats a leading dot or quote as a request and a bare dash as a hyphen.
std::string roff(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\')
            out += "\\e";
        else if (c == '-')
            out += "\\-";
        else
            out += c;
    }
    if (out.starts_with('.') || out.starts_with('\''))
        out.insert(0, "\\&");
    return out;
}

void append_manual(std::string& out, const Command& command, std::string_view path, bool top) {
    if (!top)
        out += fmt::format(".SH {}\n{}\n.PP\n", roff(path), roff(command.about));
    out += fmt::format(".B {}\n", roff(usage_line(command, path)));
    for (const Argument& argument : command.arguments)
        out += fmt::format(".TP\n.B {}\n{}\n", roff(argument.name), roff(argument.help));
    for (const Flag& flag : command.flags)
        out += fmt::format(".TP\n.B {}\n{}\n", roff(flag_spelling(flag)), roff(flag_help(flag)));
    for (const Command& sub : command.subcommands)
        append_manual(out, sub, fmt::format("{} {}", path, sub.name), false);
}

// A cell of a Markdown table.
std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|' || c == '<' || c == '*' || c == '_')
            out += '\\';
        out += c == '\n' ? ' ' : c;
    }
    return out;
}

std::string code_cell(std::string_view text) {
    std::string out = "`";
    for (const char c : text)
        out += c == '|' ? std::string("\\|") : std::string(1, c);
    return out + "`";
}

void append_markdown(std::string& out, const Command& command, std::string_view path) {
    out += fmt::format("\n## {}\n\n{}\n\n    {}\n", path, command.about, usage_line(command, path));
    if (!command.arguments.empty() || !command.flags.empty())
        out += "\n| argument, option | |\n|---|---|\n";
    for (const Argument& argument : command.arguments)
        out += fmt::format("| {} | {} |\n", code_cell(argument_spelling(argument)),
                           cell(argument.help));
    for (const Flag& flag : command.flags)
        out += fmt::format("| {} | {} |\n", code_cell(flag_spelling(flag)), cell(flag_help(flag)));
    for (const Command& sub : command.subcommands)
        append_markdown(out, sub, fmt::format("{} {}", path, sub.name));
}

void append_completion(std::string& out, const Command& command, const std::string& path) {
    std::string words = "--help";
    for (const Flag& flag : command.flags)
        if (flag.not_supported.empty() && !flag.hidden)
            words += fmt::format(" --{}{}", flag.name, flag.kind == FlagKind::Switch ? "" : "=");
    for (const Command& sub : command.subcommands)
        words += fmt::format(" {}", sub.name);
    out += fmt::format("        '{}') words='{}' ;;\n", path, words);
    for (const Command& sub : command.subcommands)
        append_completion(out, sub, fmt::format("{} {}", path, sub.name));
}

}  // namespace

std::string help_text(const Command& command, std::string_view path, size_t width) {
    std::string out;
    append_wrapped(out, command.about, 0, width);
    out += fmt::format("\nUSAGE:\n    {}\n", usage_line(command, path));
    if (!command.arguments.empty()) {
        out += "\nARGS:\n";
        for (const Argument& argument : command.arguments)
            append_entry(out, argument_spelling(argument), argument.help, width);
    }
    for (const std::string_view group : groups_of(command)) {
        out += fmt::format("\n{}:\n", group);
        for (const Flag& flag : command.flags)
            if (flag.group == group && !flag.hidden)
                append_entry(out, flag_spelling(flag), flag_help(flag), width);
        if (group == kHelpFlag.group)
            append_entry(out, flag_spelling(kHelpFlag), kHelpFlag.help, width);
    }
    if (!command.subcommands.empty()) {
        out += "\nSUBCOMMANDS:\n";
        for (const Command& sub : command.subcommands)
            append_entry(out, sub.name, sub.about, width);
    }
    if (!command.examples.empty()) {
        out += "\nEXAMPLES:\n";
        for (const Example& example : command.examples)
            out += fmt::format("    {}\n        {}\n", example.meaning, example.command_line);
    }
    if (!command.notes.empty())
        out += fmt::format("\n{}\n", command.notes);
    return out;
}

std::string exit_code_table() {
    std::string out;
    for (const text::ExitCodeRow& row : text::kExitCodes)
        out += fmt::format("{:>5}  {:<14} {}\n", static_cast<int>(row.code), row.name, row.meaning);
    return out;
}

namespace {
std::string exit_code_markdown() {
    std::string out = "| code | name | meaning |\n|---|---|---|\n";
    for (const text::ExitCodeRow& row : text::kExitCodes)
        out += fmt::format("| {} | {} | {} |\n", static_cast<int>(row.code), row.name,
                           cell(row.meaning));
    return out;
}
}  // namespace

std::string exit_code_document() {
    return fmt::format(
        "# Exit codes\n\nOf every program of this product. A program that runs another one "
        "(`scone run`, the runtime)\nends as that one does: with its exit code, or 128 + n when "
        "signal n ended it.\n\n{}",
        exit_code_markdown());
}

std::string markdown_reference(const Command& root) {
    std::string out = fmt::format("# {}\n", root.name);
    append_markdown(out, root, root.name);
    out += fmt::format("\n## Exit codes\n\n{}", exit_code_markdown());
    return out;
}

std::string manual_page(const Command& root, std::string_view version) {
    std::string out =
        fmt::format(".TH {} 1 \"\" \"{}\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n", roff(root.name),
                    roff(version), roff(root.name), roff(root.about));
    append_manual(out, root, root.name, true);
    if (!root.examples.empty())
        out += ".SH EXAMPLES\n";
    for (const Example& example : root.examples)
        out += fmt::format(".TP\n{}\n.B {}\n", roff(example.meaning), roff(example.command_line));
    out += ".SH \"EXIT STATUS\"\n";
    for (const text::ExitCodeRow& row : text::kExitCodes)
        out += fmt::format(".TP\n.B {}\n{}: {}\n", static_cast<int>(row.code), roff(row.name),
                           roff(row.meaning));
    return out;
}

std::string bash_completion(const Command& root) {
    std::string function(root.name);
    std::ranges::replace(function, '-', '_');
    std::string out = fmt::format(
        "# bash completion of {0}; made from its table of options\n"
        "_{1}_complete() {{\n"
        "    local current=${{COMP_WORDS[COMP_CWORD]}} path='{0}' word words\n"
        "    for word in \"${{COMP_WORDS[@]:1:COMP_CWORD-1}}\"; do\n"
        "        case $word in -*) ;; *) path=\"$path $word\" ;; esac\n"
        "    done\n"
        "    case $path in\n",
        root.name, function);
    append_completion(out, root, std::string(root.name));
    out += fmt::format(
        "        *) words='' ;;\n"
        "    esac\n"
        "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
        "    [[ ${{COMPREPLY[0]}} == *= ]] && compopt -o nospace\n"
        "    [[ -z $words || ${{#COMPREPLY[@]}} -eq 0 ]] && COMPREPLY=($(compgen -f -- "
        "\"$current\"))\n"
        "    return 0\n"
        "}}\n"
        "complete -F _{1}_complete {0}\n",
        root.name, function);
    return out;
}

}  // namespace scone::cli
