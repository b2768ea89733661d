#include "tools/scone/cas_connection.h"

#include <fmt/format.h>

#include <charconv>

#include "lib/base/result.h"
#include "lib/policy/key_hash.h"
#include "tools/cli/error_report.h"

namespace scone::tools {
namespace {

using cli::KnownCas;
using flags::FlagKind;
using flags::ParsedCommand;
using text::ExitCode;
using text::failure;
using text::Outcome;

constexpr int kMostRetries = 20;

// What the state file keeps must fit together before it is relied on.
Outcome<net::ServerExpectation> expectation_of(const KnownCas& cas) {
    auto chain = crypto::Certificate::list_from_pem(cas.chain_pem);
    auto root = chain ? chain->back().pem() : std::unexpected(chain.error());
    if (!root || policy::key_hash_of_certificate(*root) != cas.key_hash)
        return failure(ExitCode::InvalidInput,
                       fmt::format("what is known of CAS '{}' is damaged", cas.name),
                       "reading the state file", fmt::format("scone cas attest {}", cas.address));
    net::ServerExpectation out;
    out.roots = {chain->back()};
    return out;
}

}  // namespace

std::vector<flags::Flag> connection_flags() {
    return {
        {.name = "identity",
         .kind = FlagKind::Value,
         .value = "FILE",
         .help = "PEM private key and certificate to use instead of those of the state file"},
        {.name = "retries",
         .kind = FlagKind::Value,
         .value = "N",
         .help = "how often to try again when CAS cannot be reached; 0 for never",
         .default_value = "3",
         .environment = "SCONE_CLI_RETRIES"},
        {.name = kNoVerification,
         .help = "INSECURE: talk to a CAS that was not attested",
         .group = "OPTIONS FOR TESTING"},
    };
}

flags::Flag cas_choice_flag() {
    return {.name = "cas",
            .letter = 'c',
            .kind = FlagKind::Value,
            .value = "CAS",
            .help = "name or address of an attested CAS; the default CAS when absent"};
}

std::string config_path(const ParsedCommand& parsed) {
    return parsed.value_or("config", cli::default_config_path());
}

Outcome<net::ClientIdentity> our_identity(const ParsedCommand& parsed) {
    if (auto file = parsed.value("identity")) {
        cli::Identity identity = SCONE_TRY(cli::read_identity(*file));
        return net::ClientIdentity{identity.certificate_pem, std::move(identity.key_pem)};
    }
    const cli::ClientConfig config = SCONE_TRY(cli::load_client_config(config_path(parsed)));
    return net::ClientIdentity{config.identity().certificate_pem,
                               config.identity().key_pem.duplicate()};
}

Outcome<int> retries_of(const ParsedCommand& parsed) {
    std::string given = parsed.value_or("retries", "3");
    int count = 0;
    auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), count);
    if (error != std::errc() || end != given.data() + given.size() || count < 0 ||
        count > kMostRetries)
        return failure(ExitCode::Usage, fmt::format("option '--retries' expects 0 to {}, got '{}'",
                                                    kMostRetries, given));
    return count;
}

void warn_on_stderr(const ParsedCommand& parsed, std::string_view text) {
    cli::warn(parsed.path, text, cli::colour_for(stderr));
}

Outcome<KnownCas> chosen_cas(const ParsedCommand& parsed, const std::string& argument) {
    const cli::ClientConfig config = SCONE_TRY(cli::load_client_config(config_path(parsed)));
    std::string wanted = argument.empty() ? parsed.value_or("cas", "") : argument;
    if (wanted.empty()) {
        if (const KnownCas* cas = config.default_cas())
            return *cas;
        return failure(ExitCode::NotFound, "no CAS was attested yet, so there is no default CAS",
                       "choosing a CAS", "scone cas attest ADDRESS");
    }
    const auto endpoint = SCONE_TRY(net::parse_endpoint(wanted, net::kCasApiPort));
    for (const std::string& name : {wanted, endpoint.text()}) {
        if (const KnownCas* cas = config.find_cas(name))
            return *cas;
    }
    if (!parsed.given(kNoVerification))
        return failure(ExitCode::Untrusted, fmt::format("CAS '{}' was never attested", wanted),
                       "choosing a CAS", fmt::format("scone cas attest {}", wanted));
    KnownCas unknown;
    unknown.name = wanted;
    unknown.address = endpoint.text();
    return unknown;
}

Outcome<CasConnection> CasConnection::open(const ParsedCommand& parsed) {
    CasConnection out;
    const int retries = SCONE_TRY(retries_of(parsed));
    const KnownCas cas = SCONE_TRY(chosen_cas(parsed, {}));
    net::TlsClientOptions options;
    options.server = SCONE_TRY(net::parse_endpoint(cas.address, net::kCasApiPort));
    if (cas.key_hash.empty()) {
        options.expectation.insecure_any_server = net::InsecureAnyServer::Yes;
        warn_on_stderr(
            parsed, fmt::format("CAS '{}' is NOT attested and its key is not checked", cas.name));
    } else {
        options.expectation = SCONE_TRY(expectation_of(cas));
        if (!cas.attested)
            warn_on_stderr(parsed, fmt::format("CAS '{}' is NOT attested; only its pinned key is "
                                               "checked",
                                               cas.name));
    }
    out.identity_ = std::make_unique<net::ClientIdentity>(SCONE_TRY(our_identity(parsed)));
    options.identity = out.identity_.get();
    out.client_ = std::make_unique<net::CasClient>(std::move(options), retries);
    return out;
}

}  // namespace scone::tools
