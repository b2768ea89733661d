#include "lib/flags/manual_page.h"

#include <algorithm>
#include <cctype>

#include "lib/flags/spelling.h"
#include "lib/text/exit_code.h"

namespace scone::flags {
namespace {

constexpr size_t kWidth = 78;

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

std::string bold(std::string_view text) {
    return "\\fB" + roff(text) + "\\fR";
}

// A filled paragraph: lines of the source are short, and none begins with a request.
std::string filled(std::string_view text) {
    std::string out, line;
    while (!text.empty()) {
        const size_t end = text.find_first_of(" \n");
        const std::string word = roff(text.substr(0, end));
        text = end == std::string_view::npos ? "" : text.substr(end + 1);
        if (word.empty())
            continue;
        if (!line.empty() && line.size() + 1 + word.size() > kWidth) {
            out += line + "\n";
            line.clear();
        }
        line += (line.empty() ? "" : " ") + word;
    }
    return line.empty() ? out : out + line + "\n";
}

std::string paragraphs(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const size_t end = text.find("\n\n");
        out += (out.empty() ? "" : ".PP\n") + filled(text.substr(0, end));
        text = end == std::string_view::npos ? "" : text.substr(end + 2);
    }
    return out;
}

std::string entry(std::string_view left, std::string_view text) {
    return ".TP\n" + bold(left) + "\n" + filled(text);
}

std::string heading(std::string_view name) {
    return ".SH " + std::string(name) + "\n";
}

std::string entries_of(const Command& command) {
    std::string out;
    for (const Argument& argument : command.arguments)
        out += entry(argument_spelling(argument), argument.help);
    for (const Flag& flag : command.flags)
        if (!flag.hidden)
            out += entry(flag_spelling(flag), flag_help(flag));
    return out;
}

// Each command that does something, with the words that lead to it.
void append_commands(std::string& out, const Command& outer, const std::string& path) {
    for (const Command& command : outer.subcommands) {
        const std::string own = path + " " + std::string(command.name);
        if (command.subcommands.empty())
            out += ".SS " + roff(own) + "\n" + filled(command.about) + ".PP\n" +
                   bold(usage_line(command, own)) + "\n" + entries_of(command);
        append_commands(out, command, own);
    }
}

void append_variables(std::string& out, std::vector<std::string_view>& named,
                      const Command& command) {
    for (const Flag& flag : command.flags) {
        if (flag.environment.empty() || flag.hidden ||
            std::ranges::count(named, flag.environment) != 0)
            continue;
        named.push_back(flag.environment);
        out += entry(flag.environment,
                     "the value of --" + std::string(flag.name) + " where that is not given");
    }
    for (const Command& sub : command.subcommands)
        append_variables(out, named, sub);
}

void append_examples(std::string& out, const Command& command) {
    for (const Example& example : command.examples)
        out += (out.empty() ? "" : ".PP\n") + filled(example.meaning) + ".PP\n.RS 4\n" +
               bold(example.command_line) + "\n.RE\n";
    for (const Command& sub : command.subcommands)
        append_examples(out, sub);
}

std::string environment_of(const Manual& manual) {
    std::string out;
    std::vector<std::string_view> named;
    append_variables(out, named, manual.command);
    for (const ManualEntry& variable : manual.environment)
        out += entry(variable.name, variable.text);
    return out;
}

std::string exit_status_of(const Manual& manual) {
    std::string out = paragraphs(manual.exit_status);
    for (const text::ExitCodeRow& row : text::kExitCodes)
        out += entry(std::to_string(static_cast<int>(row.code)),
                     std::string(row.name) + ": " + row.meaning);
    return out;
}

// "scone(1), scone-cas(8)": names are bold, sections are not.
std::string see_also_of(const Manual& manual) {
    std::string out;
    for (const std::string_view page : manual.see_also) {
        const size_t bracket = page.find('(');
        out += (out.empty() ? "" : ",\n") + bold(page.substr(0, bracket)) +
               std::string(page.substr(bracket));
    }
    return out + "\n";
}

std::string title_of(const Manual& manual, const Edition& edition) {
    std::string name(manual.command.name);
    std::ranges::transform(name, name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return ".TH " + roff(name) + " " + std::to_string(manual.section) + " " +
           std::string(edition.date) + " \"SCONE " + std::string(edition.version) + "\"\n";
}

}  // namespace

std::string manual_page(const Manual& manual, const Edition& edition) {
    const Command& command = manual.command;
    const std::string name(command.name);
    std::string out = title_of(manual, edition);
    out += heading("NAME") + roff(name) + " \\- " + roff(manual.summary) + "\n";
    out += heading("SYNOPSIS") + bold(usage_line(command, name)) + "\n";
    out += heading("DESCRIPTION") + paragraphs(manual.description);
    out +=
        heading("OPTIONS") + entries_of(command) + entry(flag_spelling(kHelpFlag), kHelpFlag.help);
    if (!command.subcommands.empty()) {
        out += heading("COMMANDS");
        append_commands(out, command, name);
    }
    out += heading("ENVIRONMENT") + environment_of(manual);
    out += heading("FILES");
    for (const ManualEntry& file : manual.files)
        out += entry(file.name, file.text);
    out += heading("EXIT STATUS") + exit_status_of(manual);
    std::string examples;
    append_examples(examples, command);
    out += heading("EXAMPLES") + examples;
    if (!command.notes.empty())
        out += heading("NOTES") + paragraphs(command.notes);
    return out + heading("SEE ALSO") + see_also_of(manual);
}

}  // namespace scone::flags
