#include "services/las/las_options.h"

#include <optional>

namespace scone::las {
namespace {

std::unexpected<text::Failure> usage(const std::string& what) {
    return text::failure(text::ExitCode::Usage, what, "", "scone-las --help");
}

text::Outcome<QuoteMode> parse_mode(const std::string& word) {
    if (word == "auto")
        return QuoteMode::Auto;
    if (word == "hw")
        return QuoteMode::Hardware;
    if (word == "sim")
        return QuoteMode::Simulated;
    return usage("--mode is '" + word + "', expected auto, hw or sim");
}

text::Outcome<void> set_value(Options& options, const std::string& name, const std::string& value) {
    if (name == "--listen")
        options.listen = SCONE_TRY(net::parse_endpoint(value, net::kLasPort));
    else if (name == "--mode")
        options.mode = SCONE_TRY(parse_mode(value));
    else
        options.state_folder = value;
    return {};
}

}  // namespace

text::Outcome<Options> parse_options(const std::vector<std::string>& words) {
    Options options;
    for (size_t i = 0; i < words.size(); i++) {
        const std::string& word = words[i];
        if (word == "-h" || word == "--help") {
            options.wants_help = true;
            continue;
        }
        if (word == "--version") {
            options.wants_version = true;
            continue;
        }
        size_t equals = word.find('=');
        std::string name = word.substr(0, equals);
        if (name != "--listen" && name != "--state" && name != "--mode")
            return usage("unknown option '" + word + "'");
        bool is_apart = equals == std::string::npos;
        if (is_apart && i + 1 == words.size())
            return usage("option " + name + " needs a value");
        std::string value = is_apart ? words[++i] : word.substr(equals + 1);
        if (value.empty())
            return usage("option " + name + " needs a value");
        SCONE_TRY(set_value(options, name, value));
    }
    return options;
}

}  // namespace scone::las
