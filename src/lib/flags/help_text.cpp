#include "lib/flags/help_text.h"

#include <algorithm>

#include "lib/flags/spelling.h"
#include "lib/text/exit_code.h"

namespace scone::flags {
namespace {

constexpr size_t kIndent = 4;
constexpr size_t kHelpColumn = 34;

// Appends `text`, wrapped, each line but the first starting at `column`.
void append_wrapped(std::string& out, std::string_view text, size_t column, size_t width) {
    size_t used = column;
    bool line_is_empty = true;
    while (!text.empty()) {
        const size_t space = text.find(' ');
        const std::string_view word = text.substr(0, space);
        if (!line_is_empty && used + 1 + word.size() > width) {
            out += "\n" + std::string(column, ' ');
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
    out += std::string(kIndent, ' ') + std::string(left);
    const size_t used = kIndent + left.size();
    if (used + 2 > kHelpColumn)
        out += "\n" + std::string(kHelpColumn, ' ');
    else
        out += std::string(kHelpColumn - used, ' ');
    append_wrapped(out, text, kHelpColumn, width);
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

std::string row(const std::string& left, const std::string& right) {
    return "| " + left + " | " + right + " |\n";
}

std::string path_of(std::string_view outer, const Command& sub) {
    return std::string(outer) + " " + std::string(sub.name);
}

void append_markdown(std::string& out, const Command& command, std::string_view path) {
    out += "\n## " + std::string(path) + "\n\n" + std::string(command.about) + "\n\n    " +
           usage_line(command, path) + "\n";
    if (!command.arguments.empty() || !command.flags.empty())
        out += "\n| argument, option | |\n|---|---|\n";
    for (const Argument& argument : command.arguments)
        out += row(code_cell(argument_spelling(argument)), cell(argument.help));
    for (const Flag& flag : command.flags)
        out += row(code_cell(flag_spelling(flag)), cell(flag_help(flag)));
    for (const Command& sub : command.subcommands)
        append_markdown(out, sub, path_of(path, sub));
}

void append_completion(std::string& out, const Command& command, const std::string& path) {
    std::string words = "--help";
    for (const Flag& flag : command.flags)
        if (flag.not_supported.empty() && !flag.hidden)
            words += " --" + std::string(flag.name) + (flag.kind == FlagKind::Switch ? "" : "=");
    for (const Command& sub : command.subcommands)
        words += " " + std::string(sub.name);
    out += "        '" + path + "') words='" + words + "' ;;\n";
    for (const Command& sub : command.subcommands)
        append_completion(out, sub, path_of(path, sub));
}

}  // namespace

std::string help_text(const Command& command, std::string_view path, size_t width) {
    std::string out;
    append_wrapped(out, command.about, 0, width);
    out += "\nUSAGE:\n    " + usage_line(command, path) + "\n";
    if (!command.arguments.empty()) {
        out += "\nARGS:\n";
        for (const Argument& argument : command.arguments)
            append_entry(out, argument_spelling(argument), argument.help, width);
    }
    for (const std::string_view group : groups_of(command)) {
        out += "\n" + std::string(group) + ":\n";
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
            out += "    " + std::string(example.meaning) + "\n        " +
                   std::string(example.command_line) + "\n";
    }
    if (!command.notes.empty())
        out += "\n" + std::string(command.notes) + "\n";
    return out;
}

namespace {
std::string exit_code_markdown() {
    std::string out = "| code | name | meaning |\n|---|---|---|\n";
    for (const text::ExitCodeRow& code : text::kExitCodes)
        out += "| " + std::to_string(static_cast<int>(code.code)) + " " +
               row(code.name, cell(code.meaning));
    return out;
}
}  // namespace

std::string exit_code_document() {
    return "# Exit codes\n\nOf every program of this product. A program that runs another one "
           "(`scone run`, the runtime)\nends as that one does: with its exit code, or 128 + n when "
           "signal n ended it.\n\n" +
           exit_code_markdown();
}

std::string markdown_reference(const Command& root) {
    std::string out = "# " + std::string(root.name) + "\n";
    append_markdown(out, root, root.name);
    return out + "\n## Exit codes\n\n" + exit_code_markdown();
}

std::string bash_completion(const Command& root) {
    const std::string name(root.name);
    std::string function = "_" + name + "_complete";
    std::ranges::replace(function, '-', '_');
    std::string out = "# bash completion of " + name + "; made from its table of options\n";
    out += function + "() {\n";
    out += "    local current=${COMP_WORDS[COMP_CWORD]} path='" + name + "' word words\n";
    out +=
        "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
        "        case $word in -*) ;; *) path=\"$path $word\" ;; esac\n"
        "    done\n"
        "    case $path in\n";
    append_completion(out, root, name);
    out +=
        "        *) words='' ;;\n"
        "    esac\n"
        "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
        "    [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n"
        "    [[ -z $words || ${#COMPREPLY[@]} -eq 0 ]] && COMPREPLY=($(compgen -f -- "
        "\"$current\"))\n"
        "    return 0\n"
        "}\n";
    return out + "complete -F " + function + " " + name + "\n";
}

}  // namespace scone::flags
