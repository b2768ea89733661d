// sconify_image: see docs/how-to/convert-an-image.md.
#include <fmt/format.h>
#include <signal.h>

#include "lib/flags/help_text.h"
#include "tools/cli/words.h"
#include "tools/sconify/pipeline.h"

using namespace scone;

namespace {

constexpr const char* kProgram = "sconify_image";

text::Outcome<std::string> run(int argc, char** argv) {
    const flags::ParsedCommand parsed = SCONE_TRY(flags::parse_flags(
        sconify::command_table(), cli::words_of(argc, argv), cli::process_environment));
    if (parsed.help_wanted)
        return flags::help_text(sconify::command_table(), kProgram);
    if (parsed.given("version"))
        return fmt::format("{} {}\n", kProgram, SCONE_VERSION_TEXT);
    const sconify::Options options = SCONE_TRY(sconify::read_options(parsed));
    return SCONE_TRY(sconify::convert(options)) + "\n";
}

}  // namespace

int main(int argc, char** argv) {
    ::signal(SIGPIPE, SIG_IGN);  // a peer that goes away is an error like others
    const auto result = run(argc, argv);
    if (!result) {
        bool plain = false;
        for (int i = 1; i < argc; ++i)
            plain |= std::string_view(argv[i]) == "--no-color";
        return cli::report(kProgram, result.error(),
                           plain ? text::Colour::Never : cli::colour_for(stderr));
    }
    fmt::print("{}", *result);
    return std::fflush(stdout) == 0 ? 0 : static_cast<int>(text::ExitCode::Failed);
}
