#include "tools/scone/command_table.h"

#include "tools/scone/cmd_cas.h"
#include "tools/scone/cmd_fspf.h"
#include "tools/scone/cmd_run.h"
#include "tools/scone/cmd_self.h"
#include "tools/scone/cmd_session.h"

namespace scone::tools {
namespace {

using flags::Command;
using flags::FlagKind;

Command made_from(std::string_view name, std::string_view about) {
    return {.name = name, .about = about};
}

Command make_table() {
    Command root{
        .name = "scone",
        .about =
            "The command line of the SCONE platform: attest services, manage sessions, "
            "protect files, run images.",
        .flags = {{.name = "config",
                   .letter = 'c',
                   .kind = FlagKind::Value,
                   .value = "FILE",
                   .help = "state file: identity and attested CAS; ~/.cas/config.json when absent",
                   .environment = "SCONE_CLI_CONFIG"},
                  {.name = "output",
                   .letter = 'o',
                   .kind = FlagKind::Value,
                   .value = "FILE",
                   .help = "write there what would go to stdout"},
                  {.name = "version",
                   .letter = 'V',
                   .help = "print the version and end",
                   .alone = true}},
        .examples = {{"scone cas attest localhost:8081 "
                      "--only_for_testing-disable-attestation-verification",
                      "pin the key of a CAS for tests"},
                     {"scone session create session.yml", "store a policy; prints its hash"}},
        .notes = "An argument @FILE stands for the lines of FILE.",
    };
    root.subcommands = {
        cas_command(),
        cert_command(),
        fspf_command(),
        run_command(),
        self_command(),
        session_command(),
        made_from("version", "Print the version."),
        made_from("help-markdown", "Print all commands and options as Markdown."),
        made_from("help-exit-codes", "Print the table of exit codes as Markdown."),
        made_from("help-completion", "Print a completion script for bash."),
    };
    return root;
}

}  // namespace

const Command& scone_command() {
    static const Command table = make_table();
    return table;
}

}  // namespace scone::tools
