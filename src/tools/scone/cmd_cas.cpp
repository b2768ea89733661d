#include "tools/scone/cmd_cas.h"

#include <fmt/format.h>

#include "lib/base/result.h"
#include "lib/crypto/random.h"
#include "lib/policy/key_hash.h"
#include "lib/text/base64.h"
#include "lib/text/hex.h"
#include "tools/scone/cas_connection.h"

namespace scone::tools {
namespace {

using cli::KnownCas;
using flags::Arity;
using flags::Command;
using flags::Flag;
using flags::FlagKind;
using flags::ParsedCommand;
using text::ExitCode;
using text::failure;
using text::Outcome;

const flags::Argument kCasArgument{.name = "CAS",
                                   .help = "name or address; the default CAS when absent",
                                   .arity = Arity::Optional};
constexpr const char* kNeedsEvidence =
    "no CAS that this version can attest exists: it knows CAS outside enclaves only";

std::vector<Flag> expectation_flags() {
    const auto value = [](std::string_view name, char letter, std::string_view kind,
                          std::string_view help) {
        return Flag{.name = name,
                    .letter = letter,
                    .kind = FlagKind::Value,
                    .value = kind,
                    .help = help,
                    .group = "EXPECTATIONS"};
    };
    const auto later = [](Flag flag) {
        flag.not_supported = kNeedsEvidence;
        return flag;
    };
    return {
        value("cas-key-hash", 'c', "KEYHASH", "hash of the key of this CAS instance"),
        later(value("cas-software-key-hash", 's', "KEYHASH", "hash of the CAS software's key")),
        {.name = "mrenclave",
         .kind = FlagKind::Repeated,
         .value = "HEX",
         .help = "expected measurement; any of those given",
         .group = "EXPECTATIONS"},
        value("mrsigner", 0, "HEX", "expected signer of the enclave"),
        value("isvprodid", 0, "N", "expected product of the signer"),
        value("isvsvn", 0, "N", "least security version of the product"),
        later(value("offline-report", 0, "FILE", "attest with a report fetched before")),
        later(value("nonce", 0, "HEX", "nonce of the offline report")),
        later(value("verification-time", 0, "DATE", "judge evidence as of this day")),
    };
}

std::vector<Flag> tolerance_flags() {
    return {
        {.name = "accept-configuration-needed",
         .letter = 'C',
         .help = "tolerate a platform that needs configuration (hyperthreading)",
         .group = "TOLERANCES"},
        {.name = "accept-group-out-of-date",
         .letter = 'G',
         .help = "tolerate a platform whose TCB is out of date",
         .group = "TOLERANCES"},
        {.name = "accept-sw-hardening-needed",
         .letter = 'S',
         .help = "tolerate a platform that needs software hardening",
         .group = "TOLERANCES"},
        {.name = "allow-cas-owner-secret-access",
         .help = "tolerate a CAS whose owner may see secrets",
         .group = "TOLERANCES"},
        {.name = "only_for_testing-debug",
         .help = "INSECURE: tolerate a debug enclave",
         .group = "OPTIONS FOR TESTING"},
        {.name = "only_for_testing-ignore-signer",
         .help = "INSECURE: tolerate any signer; needs an expected MRENCLAVE",
         .group = "OPTIONS FOR TESTING"},
        {.name = "only_for_testing-trust-any",
         .help = "INSECURE: tolerate any enclave; needs --only_for_testing-debug",
         .group = "OPTIONS FOR TESTING"},
        {.name = "only_for_testing_allow-unprovisioned-cas",
         .help = "INSECURE: tolerate a CAS without owner",
         .group = "OPTIONS FOR TESTING"},
    };
}

Command attest_command() {
    Command command{
        .name = "attest",
        .about = "Verify what runs at an address, and from now on trust this CAS by its keys.",
        .flags = expectation_flags(),
        .arguments = {{.name = "ADDRESS", .help = "host or host:port; the port is 8081 if absent"},
                      {.name = "MRENCLAVE",
                       .help = "expected measurement, 64 hexadecimal digits",
                       .arity = Arity::Optional}},
        .examples = {
            {"scone cas attest localhost "
             "--only_for_testing-disable-attestation-verification",
             "pin the key of a CAS that runs outside an enclave"},
        }};
    for (const std::vector<Flag>& more : {tolerance_flags(), connection_flags()})
        command.flags.insert(command.flags.end(), more.begin(), more.end());
    return command;
}

Outcome<void> check_measurement(const std::string& digits) {
    if (digits.size() != 64 || !text::from_hex(digits))
        return failure(
            ExitCode::Usage,
            fmt::format("expected MRENCLAVE as 64 hexadecimal digits, got '{}'", digits));
    return {};
}

// Contradictions among the options, found before anybody is asked.
Outcome<void> check_attest_options(const ParsedCommand& parsed) {
    std::vector<std::string> measurements = parsed.values("mrenclave");
    if (parsed.arguments.size() > 1)
        measurements.push_back(parsed.arguments[1]);
    for (const std::string& measurement : measurements)
        SCONE_TRY(check_measurement(measurement));
    int signer_parts =
        parsed.given("mrsigner") + parsed.given("isvprodid") + parsed.given("isvsvn");
    if (signer_parts != 0 && signer_parts != 3)
        return failure(ExitCode::Usage, "--mrsigner, --isvprodid and --isvsvn belong together");
    bool ignore_signer = parsed.given("only_for_testing-ignore-signer");
    bool trust_any = parsed.given("only_for_testing-trust-any");
    bool debug = parsed.given("only_for_testing-debug");
    if (debug && !ignore_signer && !trust_any && signer_parts == 0)
        return failure(ExitCode::Usage,
                       "--only_for_testing-debug needs --only_for_testing-ignore-signer or "
                       "--mrsigner");
    if (trust_any && !debug)
        return failure(ExitCode::Usage,
                       "--only_for_testing-trust-any needs --only_for_testing-debug");
    if (ignore_signer && !trust_any && measurements.empty())
        return failure(ExitCode::Usage,
                       "--only_for_testing-ignore-signer needs an expected MRENCLAVE");
    if (auto hash = parsed.value("cas-key-hash"); hash && !policy::is_key_hash(*hash))
        return failure(ExitCode::Usage, fmt::format("'{}' is not a key hash", *hash));
    return {};
}

Outcome<std::string> pem_of(const std::vector<crypto::Certificate>& chain) {
    std::string out;
    for (const crypto::Certificate& certificate : chain) {
        auto pem = certificate.pem();
        if (!pem)
            return failure(ExitCode::Failed, pem.error().text);
        out += *pem;
    }
    return out;
}

// The evidence decides; where there is none, only the testing switch goes on.
Outcome<void> check_evidence(const ParsedCommand& parsed, const net::CasAttestation& said,
                             const std::string& url, const std::string& key_hash) {
    const std::string doing = fmt::format("attesting CAS '{}'", parsed.arguments[0]);
    if (auto wanted = parsed.value("cas-key-hash"); wanted && *wanted != key_hash)
        return failure(ExitCode::Untrusted,
                       fmt::format("expected CAS key hash {}, got {}", *wanted, key_hash), doing);
    if (parsed.given(kNoVerification))
        return {};
    if (said.evidence.empty())
        return failure(ExitCode::Untrusted,
                       fmt::format("CAS at {} has no evidence of running in an enclave "
                                   "(evidence type {})",
                                   url, said.evidence_type),
                       doing,
                       fmt::format("--{} to pin its key without knowing what runs there: insecure",
                                   kNoVerification));
    return failure(
        ExitCode::Unsupported,
        fmt::format("evidence of type {} cannot be verified by this version", said.evidence_type),
        doing);
}

Outcome<std::string> attest(const ParsedCommand& parsed) {
    SCONE_TRY(check_attest_options(parsed));
    const std::string& given = parsed.arguments[0];
    net::TlsClientOptions options;
    options.server = SCONE_TRY(net::parse_endpoint(given, net::kCasApiPort));
    options.expectation.insecure_any_server = net::InsecureAnyServer::Yes;  // looked at below
    const net::ClientIdentity identity = SCONE_TRY(our_identity(parsed));
    options.identity = &identity;
    const std::string address = options.server.text();
    const std::string url = fmt::format("https://{}/", address);
    net::CasClient client(std::move(options), SCONE_TRY(retries_of(parsed)));
    base::ByteArray<16> nonce{};
    if (!crypto::fill_random(nonce))
        return failure(ExitCode::Failed, "no random numbers");
    const net::CasAttestation said = SCONE_TRY(client.attest_info(nonce));
    const std::string key_hash = text::to_base58check(policy::kKeyHashVersion, said.key_hash);
    SCONE_TRY(check_evidence(parsed, said, url, key_hash));

    const std::string chain_pem = SCONE_TRY(pem_of(said.chain));
    const std::string name = given.find("://") == std::string::npos ? given : address;
    std::string previous;
    SCONE_TRY(cli::update_client_config(config_path(parsed), [&](cli::ClientConfig& config) {
        if (const KnownCas* known = config.find_cas(address))
            previous = known->key_hash;
        config.put_cas({name, address, key_hash, false, chain_pem});
    }));
    if (!previous.empty() && previous != key_hash)
        warn_on_stderr(parsed,
                       fmt::format("the key of CAS '{}' has changed: it was {}", name, previous));
    warn_on_stderr(parsed, fmt::format("--{} is insecure: nobody checked what software CAS '{}' "
                                       "runs",
                                       kNoVerification, name));
    return fmt::format(
        "CAS {} at {} is NOT attested: its key is pinned, what it runs was not checked\n"
        "Version of CAS: {}\nCAS key hash: {}\n",
        name, url, said.version, key_hash);
}

Outcome<std::string> list(const ParsedCommand& parsed) {
    const cli::ClientConfig config = SCONE_TRY(cli::load_client_config(config_path(parsed)));
    std::string out;
    for (const KnownCas& cas : config.known_cas())
        out += fmt::format("{} {}: https://{}/{}\n", &cas == config.default_cas() ? '*' : ' ',
                           cas.name, cas.address, cas.attested ? "" : " (not attested)");
    return out;
}

Outcome<std::string> set_default(const ParsedCommand& parsed) {
    const KnownCas cas = SCONE_TRY(chosen_cas(parsed, parsed.arguments[0]));
    bool found = false;
    SCONE_TRY(cli::update_client_config(config_path(parsed), [&](cli::ClientConfig& config) {
        found = config.set_default(cas.name);
    }));
    if (!found)
        return failure(ExitCode::NotFound, fmt::format("CAS '{}' is not known any more", cas.name));
    return std::string();
}

std::string argument_of(const ParsedCommand& parsed) {
    return parsed.arguments.empty() ? std::string() : parsed.arguments[0];
}

// The chain that was pinned: leaf, cas-instance, cas.
Outcome<std::vector<crypto::Certificate>> pinned_chain(const KnownCas& cas) {
    auto chain = crypto::Certificate::list_from_pem(cas.chain_pem);
    if (!chain)
        return failure(ExitCode::InvalidInput,
                       fmt::format("what is known of CAS '{}' is damaged", cas.name), {},
                       fmt::format("scone cas attest {}", cas.address));
    return std::move(*chain);
}

Outcome<std::string> show_certificate(const ParsedCommand& parsed) {
    const KnownCas cas = SCONE_TRY(chosen_cas(parsed, argument_of(parsed)));
    auto chain = SCONE_TRY(pinned_chain(cas));
    if (chain.size() > 1)
        chain.erase(chain.begin());  // the TLS certificate changes; cas-instance and cas stay
    return pem_of(chain);
}

Outcome<std::string> show_identification(const ParsedCommand& parsed) {
    const KnownCas cas = SCONE_TRY(chosen_cas(parsed, argument_of(parsed)));
    const auto chain = SCONE_TRY(pinned_chain(cas));
    int chosen = parsed.given("cas-key-hash") + parsed.given("cas-certificate") +
                 parsed.given("certificate-chain");
    if (chosen > 1)
        return failure(ExitCode::Usage, "expected one of -c, -C and -T");
    if (parsed.given("cas-key-hash"))
        return cas.key_hash + "\n";
    if (parsed.given("cas-certificate"))
        return pem_of({chain.back()});
    return show_certificate(parsed);
}

Outcome<std::string> version(const ParsedCommand& parsed) {
    CasConnection cas = SCONE_TRY(CasConnection::open(parsed));
    return SCONE_TRY(cas.client().version()) + "\n";
}

Command show_identification_command() {
    constexpr const char* kSoftware = "CAS's certificates do not tell software from instance yet";
    return {.name = "show-identification",
            .about = "Print by what an attested CAS is known.",
            .flags = {{.name = "cas-key-hash", .letter = 'c', .help = "hash of its key"},
                      {.name = "cas-certificate", .letter = 'C', .help = "its root certificate"},
                      {.name = "cas-software-key-hash",
                       .letter = 's',
                       .help = "hash of its software's key",
                       .not_supported = kSoftware},
                      {.name = "cas-software-certificate",
                       .letter = 'S',
                       .help = "its software's certificate",
                       .not_supported = kSoftware},
                      {.name = "session-encryption-key",
                       .help = "key for encrypted sessions",
                       .not_supported = "encrypted sessions come later"},
                      {.name = "certificate-chain",
                       .letter = 'T',
                       .help = "its certificates in PEM; this is the default"}},
            .arguments = {kCasArgument}};
}

}  // namespace

Command cas_command() {
    Command command{.name = "cas",
                    .about = "Attest and choose configuration and attestation services."};
    command.subcommands.push_back(attest_command());
    command.subcommands.push_back(
        {.name = "list", .about = "List known CAS; * marks the default."});
    command.subcommands.push_back({.name = "set-default",
                                   .about = "Choose the CAS that is used where none is named.",
                                   .arguments = {{.name = "CAS", .help = "name or address"}}});
    command.subcommands.push_back({.name = "show-certificate",
                                   .about = "Print the certificates of a known CAS in PEM.",
                                   .arguments = {kCasArgument}});
    command.subcommands.push_back(show_identification_command());
    Command version_command{.name = "version", .about = "Ask a CAS for its version."};
    version_command.flags = connection_flags();
    version_command.flags.insert(version_command.flags.begin(), cas_choice_flag());
    command.subcommands.push_back(std::move(version_command));
    return command;
}

Outcome<std::string> run_cas(const ParsedCommand& parsed) {
    std::string_view name = parsed.command->name;
    if (name == "attest")
        return attest(parsed);
    if (name == "list")
        return list(parsed);
    if (name == "set-default")
        return set_default(parsed);
    if (name == "show-certificate")
        return show_certificate(parsed);
    if (name == "show-identification")
        return show_identification(parsed);
    if (name == "version")
        return version(parsed);
    return failure(ExitCode::Usage, "unknown command", {}, "scone cas --help");
}

}  // namespace scone::tools
