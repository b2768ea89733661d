#include "tools/scone/session_file.h"

#include <fmt/format.h>

#include <map>

#include "lib/base/result.h"
#include "lib/policy/session_checks.h"
#include "lib/policy/session_parser.h"
#include "lib/text/json.h"
#include "tools/oci/file_handle.h"
#include "tools/scone/cas_connection.h"

namespace scone::tools {
namespace {

using flags::FlagKind;
using flags::ParsedCommand;
using text::ExitCode;
using text::failure;
using text::Outcome;

constexpr size_t kMaxSessionFile = 1 << 20;
constexpr size_t kMostErrorsShown = 20;

Outcome<text::VariableLookup> variables_of(const ParsedCommand& parsed) {
    std::map<std::string, std::string, std::less<>> given;
    for (const std::string& definition : parsed.values("env")) {
        size_t equals = definition.find('=');
        if (equals == 0 || equals == std::string::npos)
            return failure(ExitCode::Usage,
                           fmt::format("option '-e' expects VAR=VALUE, got '{}'", definition));
        given[definition.substr(0, equals)] = definition.substr(equals + 1);
    }
    bool use_environment = parsed.given("use-env");
    return [given = std::move(given),
            use_environment](std::string_view name) -> std::optional<std::string> {
        if (auto found = given.find(name); found != given.end())
            return found->second;
        const char* value = use_environment ? std::getenv(std::string(name).c_str()) : nullptr;
        return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
    };
}

Outcome<void> refuse_packed(const std::string& content, const std::string& file) {
    if (content.empty() || content.front() != '{')
        return {};
    auto json = text::parse_json(content);
    if (json && (json->find("signatures") != nullptr || json->find("encrypted_session") != nullptr))
        return failure(ExitCode::Unsupported,
                       fmt::format("'{}' is a signed or encrypted session", file),
                       "reading the session", "give the session as YAML");
    return {};
}

// The first problem is the failure, the others are listed before it.
std::unexpected<text::Failure> policy_failure(const policy::Diagnostics& problems,
                                              const std::string& file) {
    const auto line = [&](const text::Diagnostic& problem) {
        return fmt::format("{}:{}", file, text::to_string(problem));
    };
    const size_t shown = std::min(problems.size(), kMostErrorsShown);
    for (size_t i = 1; i < shown; ++i)
        fmt::print(stderr, "{}\n", line(problems[i]));
    std::string doing = "checking the session";
    if (problems.size() > 1)
        doing += fmt::format(" ({} errors, {} shown)", problems.size(), shown);
    return failure(ExitCode::InvalidInput,
                   problems.empty() ? file + ": malformed" : line(problems.front()), doing);
}

}  // namespace

std::vector<flags::Flag> session_file_flags() {
    return {
        {.name = "env",
         .letter = 'e',
         .kind = FlagKind::Repeated,
         .value = "VAR=VALUE",
         .help = "what stands for $VAR in the file"},
        {.name = "use-env", .help = "take variables from the environment, too; -e wins"},
        {.name = "name",
         .letter = 'n',
         .kind = FlagKind::Value,
         .value = "NAME",
         .help = "name of the session instead of that in the file"},
        {.name = "fail-on-warning", .help = "take warnings about the file for errors"},
    };
}

Outcome<policy::Session> read_session_file(const ParsedCommand& parsed) {
    const std::string& file = parsed.arguments[0];
    const std::string content = SCONE_TRY(oci::read_file(file, kMaxSessionFile));
    SCONE_TRY(refuse_packed(content, file));
    policy::ParseOptions options;
    options.name = parsed.value("name");
    options.variables = SCONE_TRY(variables_of(parsed));
    auto session = policy::parse(content, options);
    if (!session)
        return policy_failure(session.error(), file);
    const auto warnings = policy::unsupported_secrets(*session);
    for (const text::Diagnostic& warning : warnings)
        warn_on_stderr(parsed, fmt::format("{}:{}", file, text::to_string(warning)));
    if (!warnings.empty() && parsed.given("fail-on-warning"))
        return failure(ExitCode::InvalidInput,
                       fmt::format("{} warnings about '{}'", warnings.size(), file),
                       "checking the session");
    return std::move(*session);
}

}  // namespace scone::tools
