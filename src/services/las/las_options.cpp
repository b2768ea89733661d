#include "services/las/las_options.h"

#include "lib/flags/parse_flags.h"

namespace scone::las {
namespace {

// The table's choices leave no other word.
QuoteMode mode_of(const std::string& word) {
    if (word == "hw")
        return QuoteMode::Hardware;
    return word == "sim" ? QuoteMode::Simulated : QuoteMode::Auto;
}

}  // namespace

const flags::Command& command_table() {
    static const flags::Command table{
        .name = "scone-las",
        .about = "Turns local reports of the enclaves of this machine into quotes.",
        .flags = {{.name = "listen",
                   .kind = flags::FlagKind::Value,
                   .value = "ADDR:PORT",
                   .help = "where enclaves connect; port 0: the kernel chooses, the log names it",
                   .default_value = "0.0.0.0:18766"},
                  {.name = "state",
                   .kind = flags::FlagKind::Value,
                   .value = "DIR",
                   .help = "where keys are kept across restarts",
                   .default_value = "/var/lib/scone/las"},
                  {.name = "mode",
                   .kind = flags::FlagKind::Value,
                   .value = "MODE",
                   .help = "whose quotes: Intel's (hw), simulated ones (sim), or hw where this "
                           "machine has an SGX device, else sim (auto)",
                   .default_value = "auto",
                   .choices = "auto|hw|sim"},
                  {.name = "version",
                   .letter = 'V',
                   .help = "print the version and end",
                   .alone = true}},
        .examples = {{"scone-las --listen=127.0.0.1:18766 --state=./las",
                      "To try it out, on this machine only:"}},
        .notes =
            "SCONE_SIM_FUSE_KEY_FILE names a file of 16 bytes that stands for the simulated "
            "processor's\nfuses; enclaves and LAS of one machine must use the same."};
    return table;
}

text::Outcome<Options> parse_options(const std::vector<std::string>& words) {
    const auto parsed = SCONE_TRY(
        flags::parse_flags(command_table(), words, [](std::string_view) { return std::nullopt; }));
    Options options;
    options.wants_help = parsed.help_wanted;
    options.wants_version = parsed.given("version");
    if (options.wants_help || options.wants_version)
        return options;
    const std::string listen = parsed.value_or("listen", "");
    auto endpoint = net::parse_endpoint(listen, net::kLasPort);
    if (!endpoint)
        return text::failure(text::ExitCode::Usage, "option '--listen': " + endpoint.error().what);
    options.listen = std::move(*endpoint);
    options.state_folder = parsed.value_or("state", "");
    options.mode = mode_of(parsed.value_or("mode", ""));
    return options;
}

}  // namespace scone::las
