// scone: see docs/reference/scone.md.
#include <fmt/format.h>
#include <signal.h>

#include "lib/base/result.h"
#include "lib/flags/help_text.h"
#include "lib/flags/parse_flags.h"
#include "tools/cli/error_report.h"
#include "tools/cli/words.h"
#include "tools/oci/file_handle.h"
#include "tools/scone/cmd_cas.h"
#include "tools/scone/cmd_fspf.h"
#include "tools/scone/cmd_run.h"
#include "tools/scone/cmd_self.h"
#include "tools/scone/cmd_session.h"
#include "tools/scone/command_table.h"

using namespace scone;

namespace {

struct Area {
    std::string_view name;
    text::Outcome<std::string> (*run)(const flags::ParsedCommand& parsed);
};
constexpr Area kAreas[] = {
    {"cas", tools::run_cas},   {"cert", tools::run_cert},       {"fspf", tools::run_fspf},
    {"self", tools::run_self}, {"session", tools::run_session},
};

std::string version_line() {
    return fmt::format("scone {}\n", SCONE_VERSION_TEXT);
}

// The second word of "scone session create".
std::string_view area_of(const flags::ParsedCommand& parsed) {
    std::string_view path = parsed.path;
    size_t blank = path.find(' ');
    if (blank == std::string_view::npos)
        return {};
    path.remove_prefix(blank + 1);
    return path.substr(0, path.find(' '));
}

text::Outcome<std::string> carry_out(const flags::ParsedCommand& parsed) {
    if (parsed.help_wanted)
        return flags::help_text(*parsed.command, parsed.path);
    if (parsed.given("version"))
        return version_line();
    std::string_view name = area_of(parsed);
    if (name == "version")
        return version_line();
    if (name == "help-markdown")
        return flags::markdown_reference(tools::scone_command());
    if (name == "help-exit-codes")
        return flags::exit_code_document();
    if (name == "help-completion")
        return flags::bash_completion(tools::scone_command());
    for (const Area& area : kAreas) {
        if (area.name == name)
            return area.run(parsed);
    }
    return text::failure(text::ExitCode::Usage, "expected a command", {}, "scone --help");
}

// "scone help session create" is "scone session create --help"; "scone cas session create", as
// older guides write it, is "scone session create".
std::vector<std::string> normal_words(std::vector<std::string> words) {
    if (!words.empty() && words[0] == "help") {
        words.erase(words.begin());
        words.emplace_back("--help");
    } else if (words.size() > 1 && words[0] == "cas" && words[1] == "session") {
        words.erase(words.begin());
    }
    return words;
}

text::Outcome<void> hand_out(const flags::ParsedCommand& parsed, const std::string& output) {
    if (auto file = parsed.value("output"))
        return oci::replace_file(*file, base::as_bytes(output));
    if (std::fwrite(output.data(), 1, output.size(), stdout) != output.size() ||
        std::fflush(stdout) != 0)
        return text::failure(text::ExitCode::Failed, "cannot write to stdout");
    return {};
}

text::Outcome<int> run(int argc, char** argv) {
    const auto words = SCONE_TRY(cli::expand_files(normal_words(cli::words_of(argc, argv))));
    const auto parsed =
        SCONE_TRY(flags::parse_flags(tools::scone_command(), words, cli::process_environment));
    if (area_of(parsed) == "run" && !parsed.help_wanted)
        return tools::run_image(parsed);
    SCONE_TRY(hand_out(parsed, SCONE_TRY(carry_out(parsed))));
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    ::signal(SIGPIPE, SIG_IGN);  // a peer that goes away is an error like others
    const auto done = run(argc, argv);
    return done ? *done : cli::report("scone", done.error(), cli::colour_for(stderr));
}
