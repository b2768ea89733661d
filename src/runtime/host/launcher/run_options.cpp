#include "runtime/host/launcher/run_options.h"

#include "lib/flags/parse_flags.h"
#include "runtime/host/launcher/option_rows.h"

namespace scone::launcher {
namespace {

flags::Command make_command() {
    flags::Command command{
        .name = "scone-run",
        .about =
            "Runs a program of this computer in an enclave, with the host's files unprotected: "
            "for development and tests.",
        .arguments = {{"PROGRAM", "a path, or a name that PATH finds"},
                      {"ARGS", "its arguments, as they stand", flags::Arity::Many}},
        .examples = {{"scone-run /bin/ls -l /proc/self/maps", "What a program sees in an enclave:"},
                     {"scone-run --heap=1G --fork=1 -- /bin/sh -c env",
                      "A shell, which starts processes:"}},
        .rest_is_verbatim = true};
    for (const Row& row : option_rows())
        command.flags.push_back(row.flag);
    command.flags.push_back(
        {.name = "version", .letter = 'V', .help = "print the version and end", .alone = true});
    return command;
}

}  // namespace

const flags::Command& run_command() {
    static const flags::Command command = make_command();
    return command;
}

text::Outcome<RunOptions> read_run_options(Options options, std::span<const std::string> words) {
    // The variables are in `options` already.
    auto parsed = SCONE_TRY(
        flags::parse_flags(run_command(), words, [](std::string_view) { return std::nullopt; }));
    for (const Row& row : option_rows())
        if (parsed.given(row.flag.name))
            SCONE_TRY(row.take(options, "--" + std::string(row.flag.name),
                               parsed.value_or(row.flag.name, "")));
    return RunOptions{std::move(options), std::move(parsed.arguments), parsed.help_wanted,
                      parsed.given("version")};
}

}  // namespace scone::launcher
