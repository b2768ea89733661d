#include "tools/sconify/session_upload.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/crypto/random.h"
#include "lib/policy/key_hash.h"
#include "tools/sconify/session_builder.h"

namespace scone::sconify {
namespace {

using text::ExitCode;
using text::failure;
using text::Outcome;

Outcome<std::unique_ptr<net::ClientIdentity>> our_identity(const Options& options,
                                                           const cli::ClientConfig& config) {
    auto out = std::make_unique<net::ClientIdentity>();
    if (options.identity_file) {
        cli::Identity given = SCONE_TRY(cli::read_identity(*options.identity_file));
        out->certificate_pem = std::move(given.certificate_pem);
        out->key_pem = std::move(given.key_pem);
    } else {
        out->certificate_pem = config.identity().certificate_pem;
        out->key_pem = config.identity().key_pem.duplicate();
    }
    return out;
}

Outcome<std::string> root_key_hash(const std::vector<crypto::Certificate>& chain) {
    if (!chain.empty())
        if (const auto pem = chain.back().pem())
            if (auto hash = policy::key_hash_of_certificate(*pem))
                return *hash;
    return failure(ExitCode::Untrusted, "CAS showed no certificate chain");
}

// The raw SHA-256 behind a Base58Check key hash is not kept in the state file; the chain is.
Outcome<net::ServerExpectation> expectation_of(const cli::KnownCas& cas) {
    net::ServerExpectation out;
    const auto chain = crypto::Certificate::list_from_pem(cas.chain_pem);
    if (!chain || policy::key_hash_of_certificate(chain->back().pem().value_or("")) != cas.key_hash)
        return failure(ExitCode::InvalidInput,
                       fmt::format("what is known of CAS '{}' is damaged", cas.name), {},
                       fmt::format("scone cas attest {}", cas.address));
    out.roots = {chain->back()};
    return out;
}

}  // namespace

Outcome<CasAddress> parse_cas_address(const std::string& given) {
    // Two colons behind a host name: API port and enclave port.
    std::string text = given;
    std::string enclave_port;
    if (std::ranges::count(text, ':') == 2 && !text.starts_with('[')) {
        const size_t last = text.rfind(':');
        enclave_port = text.substr(last);
        text.resize(last);
    }
    CasAddress out{.api = SCONE_TRY(net::parse_endpoint(text, net::kCasApiPort)), .enclave = {}};
    if (!enclave_port.empty())
        SCONE_TRY(net::parse_endpoint("localhost" + enclave_port, net::kCasEnclavePort));
    const bool is_v6 = out.api.host.find(':') != std::string::npos;
    out.enclave = (is_v6 ? fmt::format("[{}]", out.api.host) : out.api.host) + enclave_port;
    return out;
}

Outcome<std::optional<CasAddress>> configured_cas(const Options& options) {
    if (options.cas)
        return std::optional(SCONE_TRY(parse_cas_address(*options.cas)));
    if (!options.defaults.upload_session)
        return std::optional<CasAddress>();
    const auto config = SCONE_TRY(cli::load_client_config(cli::default_config_path()));
    const cli::KnownCas* known = config.default_cas();
    if (known == nullptr)
        return failure(ExitCode::Usage, "option '--cas' is missing, and no CAS was attested before",
                       {},
                       "--cas=ADDRESS, or scone cas attest ADDRESS, or --disable-session-upload");
    return std::optional(SCONE_TRY(parse_cas_address(known->address)));
}

Outcome<TrustedCas> TrustedCas::connect(const Options& options, const Warn& warn) {
    TrustedCas out;
    const auto address = SCONE_TRY(configured_cas(options));
    if (!address)
        return failure(ExitCode::Usage, "option '--cas' is missing");
    out.address_ = *address;
    const auto config = SCONE_TRY(cli::load_client_config(cli::default_config_path()));
    out.identity_ = SCONE_TRY(our_identity(options, config));
    net::TlsClientOptions tls;
    tls.server = out.address_.api;
    tls.identity = out.identity_.get();
    const cli::KnownCas* known = config.find_cas(out.address_.api.text());
    if (known != nullptr &&
        (known->attested || options.allow_debug_cas || !options.defaults.attest_cas)) {
        tls.expectation = SCONE_TRY(expectation_of(*known));
        out.key_hash_ = known->key_hash;
        if (!known->attested)
            warn(fmt::format("CAS at {} is NOT attested; only its pinned key was checked",
                             out.address_.api.text()));
        out.client_ = std::make_unique<net::CasClient>(std::move(tls), 1);
        SCONE_TRY(out.client_->version());
        return out;
    }

    // First contact: what the CAS says about itself decides.
    net::TlsClientOptions open = tls;
    open.expectation.insecure_any_server = net::InsecureAnyServer::Yes;
    net::CasClient asking(open, 1);
    base::ByteArray<16> nonce{};
    if (!crypto::fill_random(nonce))
        return failure(ExitCode::Failed, "no random bytes");
    const net::CasAttestation said = SCONE_TRY(asking.attest_info(nonce));
    const bool may_go_on = options.allow_debug_cas || !options.defaults.attest_cas;
    if (!may_go_on)
        return failure(
            ExitCode::Untrusted,
            said.evidence.empty()
                ? fmt::format("CAS at {} has no evidence of running in an enclave ({})",
                              out.address_.api.text(), said.evidence_type)
                : fmt::format("CAS at {} was not attested before", out.address_.api.text()),
            {},
            said.evidence.empty() ? "--cas-debug accepts it and pins its key: insecure"
                                  : fmt::format("scone cas attest {}", out.address_.api.text()));
    out.key_hash_ = SCONE_TRY(root_key_hash(said.chain));
    warn(fmt::format("CAS at {} is NOT attested; its key {} is pinned", out.address_.api.text(),
                     out.key_hash_));
    tls.expectation.roots = {said.chain.back()};
    std::string chain_pem;
    for (const crypto::Certificate& certificate : said.chain)
        chain_pem += certificate.pem().value_or("");
    SCONE_TRY(cli::update_client_config(cli::default_config_path(), [&](cli::ClientConfig& c) {
        c.put_cas({.name = out.address_.api.text(),
                   .address = out.address_.api.text(),
                   .key_hash = out.key_hash_,
                   .attested = false,
                   .chain_pem = chain_pem});
    }));
    out.client_ = std::make_unique<net::CasClient>(std::move(tls), 1);
    return out;
}

Outcome<void> TrustedCas::create_namespace(const std::string& name, const Warn& warn) {
    for (size_t end = 0; end != std::string::npos;) {
        end = name.find('/', end == 0 ? 0 : end + 1);
        const std::string part = name.substr(0, end);
        const auto created = client_->upload_session(namespace_session(part));
        if (created)
            continue;
        if (created.error().exit_code != ExitCode::Conflict)
            return std::unexpected(created.error());
        // Namespaces above the last one are expected to exist already.
        if (end == std::string::npos)
            warn(fmt::format("namespace '{}' exists already", part));
    }
    return {};
}

Outcome<TrustedCas::Uploaded> TrustedCas::upload(const std::string& session,
                                                 const std::string& name, bool may_update) {
    const auto created = client_->upload_session(session);
    if (created)
        return Uploaded{*created, session, false};
    if (created.error().exit_code != ExitCode::Conflict)
        return std::unexpected(created.error());
    if (!may_update)
        return failure(
            ExitCode::Conflict, fmt::format("session '{}' exists already", name), {},
            "another --name, or without --disable-update-session-if-exists it is updated");
    const net::StoredSession stored = SCONE_TRY(client_->read_session(name));
    const std::string successor = SCONE_TRY(with_predecessor(session, stored.hash));
    return Uploaded{SCONE_TRY(client_->upload_session(successor)), successor, true};
}

}  // namespace scone::sconify
