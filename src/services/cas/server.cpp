#include "services/cas/server.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <thread>

#include "services/cas/audit_log.h"
#include "services/cas/authority.h"
#include "services/cas/enclave_service.h"
#include "services/cas/sealed_store.h"
#include "services/cas/session_api.h"
#include "services/net/event_loop.h"
#include "services/net/tls_listener.h"

namespace scone::cas {

const char* const kVersion = SCONE_PRODUCT_VERSION;

namespace {

using text::ExitCode;
using text::failure;
using text::Outcome;

constexpr const char* kAuditHeadRecord = "audit-head";
constexpr int kAuditHeadPeriodMs = 5000;

Outcome<MasterKey> load_key(const StateFolder& folder) {
    auto key = SCONE_TRY(folder.read_key());
    if (key)
        return std::move(*key);
    if (folder.has("cas.db"))
        return failure(ExitCode::InvalidInput, "cas.key is missing, but a database is there",
                       "opening " + folder.path().string(),
                       "put the right cas.key back from the backup");
    return folder.create_key();
}

// Remembers the end of the audit log, so that a log that was cut is noticed at the next start.
class AuditHead {
  public:
    AuditHead(Store& store, AuditLog& audit) : store_(store), audit_(audit) {}

    static Outcome<std::string> read(Store& store) {
        auto record = SCONE_TRY(store.get(kAuditHeadRecord));
        return record ? std::string(record->value.expose_text()) : std::string();
    }
    Outcome<void> save() {
        std::string head = audit_.head();
        if (head == saved_)
            return {};
        std::vector<RecordChange> changes;
        changes.push_back({kAuditHeadRecord, store_.version_of(kAuditHeadRecord),
                           crypto::SecretBytes(std::string_view(head))});
        SCONE_TRY(store_.commit(std::move(changes)));
        saved_ = std::move(head);
        return {};
    }

  private:
    Store& store_;
    AuditLog& audit_;
    std::string saved_;
};

// Certificates for `scone cas attest` and curl --cacert; not secret.
Outcome<void> publish_certificates(const StateFolder& folder, const Authority& authority) {
    std::error_code error;
    std::filesystem::create_directory(folder.file("ca"), error);
    auto root = authority.root.pem();
    auto instance = authority.instance.pem();
    if (error || !root || !instance)
        return failure(ExitCode::Failed, error ? error.message() : "certificate not encoded",
                       "writing the certificates");
    SCONE_TRY(write_file(folder.file("ca/cas.crt"), *root, 0644));
    return write_file(folder.file("ca/cas-instance.crt"), *instance, 0644);
}

// A service keeps its connection for its exit report, and is silent meanwhile: 24 days, the longest
// that fits. A peer that is gone is found by keep-alive.
constexpr int kEnclaveIdleMs = 24 * 86'400'000;

net::ListenerLimits limits_of(const Options& options) {
    net::ListenerLimits limits;
    limits.handshakes_per_second = options.handshakes_per_second;
    limits.handshake_burst = options.handshake_burst;
    return limits;
}

Outcome<net::Listener> start_metrics(net::EventLoop& loop, const net::Endpoint& endpoint,
                                     const Metrics& metrics, const net::Listener& api,
                                     const net::Listener& enclaves) {
    auto handler = [&](const net::HttpRequest& request) -> net::HttpReply {
        if (request.path != "/metrics" || request.method != "GET")
            return {404, "text/plain", "only GET /metrics\n", {}};
        return {200,
                "text/plain; version=0.0.4",
                prometheus_text(metrics, api.counters(), enclaves.counters()),
                {}};
    };
    return net::Listener::start(loop, {endpoint, {}, nullptr}, net::serve_http({}, handler));
}

void print_start(const Options& options, const Authority& authority, const net::Listener& api,
                 const net::Listener& enclaves) {
    if (options.simulation == Simulation::InsecureAllowed)
        std::fprintf(stderr,
                     "scone-cas: WARNING: --allow-simulation: simulated enclaves are accepted "
                     "where a policy tolerates debug-mode; they protect nothing\n");
    std::fprintf(stderr,
                 "scone-cas: WARNING: this CAS runs outside an enclave; whoever controls this "
                 "machine can read its secrets\n");
    std::error_code error;
    if (!options.collateral.empty() && !std::filesystem::is_directory(options.collateral, error))
        std::fprintf(
            stderr,
            "scone-cas: WARNING: there is no collateral folder %s: quotes of real enclaves "
            "are refused until there is one\n",
            options.collateral.c_str());
    std::printf("scone-cas %s\n", kVersion);
    std::printf("CAS key hash is %s\n", authority.key_hash.c_str());
    std::printf("state is in %s\n", options.state.c_str());
    std::printf("client API is listening on %s\n",
                net::Endpoint{options.api.host, api.port()}.text().c_str());
    std::printf("enclave port is listening on %s\n",
                net::Endpoint{options.enclaves.host, enclaves.port()}.text().c_str());
    std::fflush(stdout);
}

}  // namespace

Outcome<void> run_server(const Options& options) {
    auto folder = SCONE_TRY(StateFolder::open(options.state));
    MasterKey key = SCONE_TRY(load_key(folder));
    auto store = SCONE_TRY(SealedStore::open(folder, key));
    key.clear();
    auto authority = SCONE_TRY(load_authority(*store, options.names, std::time(nullptr)));
    SCONE_TRY(publish_certificates(folder, authority));
    auto audit = SCONE_TRY(AuditLog::open(folder.file("audit.log"), authority.audit_key.share(),
                                          SCONE_TRY(AuditHead::read(*store))));
    AuditHead audit_head(*store, audit);
    SCONE_TRY(audit.append("CAS started", {{"version", kVersion}}));
    SCONE_TRY(audit_head.save());

    SessionRepository sessions(*store);
    SessionService service(sessions, audit);
    Metrics metrics;
    QuoteCheck quotes(options.simulation, options.collateral);
    OneTimePasswords one_time_passwords;
    std::string chain_pem = SCONE_TRY(authority.chain_pem());
    ApiContext api_context{service, metrics, kVersion, authority.key_hash, chain_pem};
    EnclaveContext enclave_context{sessions,
                                   service,
                                   audit,
                                   metrics,
                                   quotes,
                                   one_time_passwords,
                                   std::string("scone-cas ") + kVersion};
    auto tls_key = authority.tls_key.pkcs8_pem();
    if (!tls_key)
        return failure(ExitCode::Failed, tls_key.error().text, "preparing TLS");
    net::TlsServerSettings tls{chain_pem, std::move(*tls_key), net::ClientCertificate::Optional};
    net::TlsServerSettings enclave_tls{chain_pem, tls.key_pem.duplicate(),
                                       net::ClientCertificate::Required};

    net::ListenerLimits enclave_limits = limits_of(options);
    enclave_limits.idle_timeout_ms = kEnclaveIdleMs;

    // Handshakes are what costs: as many threads as there are processors for them.
    net::EventLoop loop(
        {.connection_threads = std::max(2, static_cast<int>(std::thread::hardware_concurrency()))});
    auto api = SCONE_TRY(net::Listener::start(loop, {options.api, limits_of(options), &tls},
                                              net::serve_http({}, make_session_api(api_context))));
    auto enclaves = SCONE_TRY(
        net::Listener::start(loop, {options.enclaves, enclave_limits, &enclave_tls},
                             net::serve_frames(kMaxEnclaveFrame, serve_enclaves(enclave_context))));
    std::optional<net::Listener> metrics_listener;
    if (options.metrics)
        metrics_listener.emplace(
            SCONE_TRY(start_metrics(loop, *options.metrics, metrics, api, enclaves)));
    loop.stop_on_signals({SIGTERM, SIGINT});
    loop.every(kAuditHeadPeriodMs, [&] {
        auto saved = audit_head.save();
        if (!saved)
            std::fprintf(stderr, "scone-cas: %s\n", saved.error().what.c_str());
    });
    print_start(options, authority, api, enclaves);
    loop.run();
    SCONE_TRY(audit.append("CAS exited", {}));
    return audit_head.save();
}

}  // namespace scone::cas
