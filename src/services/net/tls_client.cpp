#include "services/net/tls_client.h"

#include <openssl/err.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "lib/base/hex.h"
#include "services/net/tcp_client.h"
#include "services/net/tls_context.h"

namespace scone::net {

using text::ExitCode;
using text::failure;
using text::Outcome;

namespace {

constexpr const char* kWhoIsIt = "checking the server's certificate";

std::string hex_of(base::Bytes bytes) {
    std::string out(bytes.size() * 2, '0');
    base::hex_encode(bytes, out);
    return out;
}

// Certificates of the chain whose keys are pinned: they may stand as roots.
std::vector<crypto::Certificate> pinned_in(const std::vector<crypto::Certificate>& chain,
                                           const std::vector<crypto::KeyHash>& key_hashes) {
    std::vector<crypto::Certificate> found;
    for (const auto& certificate : chain) {
        auto key = certificate.public_key();
        auto hash = key ? key->key_hash() : std::unexpected(key.error());
        if (hash && std::ranges::find(key_hashes, *hash) != key_hashes.end())
            found.push_back(certificate);
    }
    return found;
}

bool has_name(const crypto::Certificate& leaf, const std::string& name) {
    std::vector<std::string> names = leaf.dns_names();
    return std::ranges::find(names, name) != names.end();
}

}  // namespace

Outcome<void> check_server_chain(const std::vector<crypto::Certificate>& chain,
                                 const ServerExpectation& expected, int64_t time) {
    if (expected.insecure_any_server == InsecureAnyServer::Yes)
        return {};
    if (chain.empty())
        return failure(ExitCode::Untrusted, "the server sent no certificate", kWhoIsIt);
    std::vector<crypto::Certificate> roots = pinned_in(chain, expected.key_hashes);
    if (roots.empty() && expected.roots.empty()) {
        auto key = chain.back().public_key();
        auto hash = key ? key->key_hash() : std::unexpected(key.error());
        std::string came = hash ? hex_of(*hash) : "unreadable";
        std::string wanted =
            expected.key_hashes.empty() ? "none was given" : hex_of(expected.key_hashes.front());
        return failure(ExitCode::Untrusted,
                       "the server is not the expected one: no key of its chain is pinned "
                       "(expected key hash " +
                           wanted + ", its root has " + came + ")",
                       kWhoIsIt);
    }
    roots.insert(roots.end(), expected.roots.begin(), expected.roots.end());
    auto rest = std::span(chain).subspan(1);
    auto path = crypto::verify_path(chain.front(), rest, roots, time, crypto::ExtendedUse::Server);
    if (!path)
        return failure(ExitCode::Untrusted,
                       std::string("the server's certificate is not trusted: ") + path.error().text,
                       kWhoIsIt);
    if (!expected.server_name.empty() && !has_name(chain.front(), expected.server_name))
        return failure(ExitCode::Untrusted,
                       "the server's certificate is not for '" + expected.server_name + "'",
                       kWhoIsIt);
    return {};
}

struct TlsClient::State {
    explicit State(TcpClient connection) : tcp(std::move(connection)) {}
    TcpClient tcp;
    SslContext context;
    SslHandle ssl;
    std::vector<crypto::Certificate> chain;
    ServerExpectation expectation;
    std::optional<text::Failure> refusal;  // why the server's chain was refused

    static int verify_chain(X509_STORE_CTX* store, void* self);
    Outcome<void> handshake(int timeout_ms);
    // True to try the operation again; the Failure is that of a broken or slow connection.
    Outcome<void> wait_for(int result, TimePoint deadline, const char* doing);
};

// Called in the handshake, before our own certificate is sent.
int TlsClient::State::verify_chain(X509_STORE_CTX* store, void* self) {
    auto& state = *static_cast<State*>(self);
    STACK_OF(X509)* sent = X509_STORE_CTX_get0_untrusted(store);
    int count = sk_X509_num(sent);
    for (int i = 0; i < count && i < static_cast<int>(crypto::kMaxChainLength); ++i) {
        auto certificate = crypto::Certificate::from_native(sk_X509_value(sent, i));
        if (!certificate) {
            state.refusal =
                text::Failure{ExitCode::Untrusted, certificate.error().text, kWhoIsIt, {}};
            return 0;
        }
        state.chain.push_back(std::move(*certificate));
    }
    auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    auto checked = check_server_chain(state.chain, state.expectation, now);
    if (checked)
        return 1;
    state.refusal = checked.error();
    return 0;
}

Outcome<void> TlsClient::State::wait_for(int result, TimePoint deadline, const char* doing) {
    int error = SSL_get_error(ssl.get(), result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        auto what =
            error == SSL_ERROR_WANT_READ ? TcpClient::Wait::Readable : TcpClient::Wait::Writable;
        if (tcp.wait(what, deadline))
            return {};
        return failure(ExitCode::Unreachable, "no answer in time", doing);
    }
    if (refusal)
        return std::unexpected(*refusal);
    if (error == SSL_ERROR_SYSCALL)
        return failure(ExitCode::Unreachable, "the connection broke", doing);
    return failure(ExitCode::Unreachable, "TLS: " + take_openssl_error("connection closed"), doing);
}

Outcome<void> TlsClient::State::handshake(int timeout_ms) {
    TimePoint deadline = deadline_in(timeout_ms);
    for (;;) {
        ERR_clear_error();
        int result = SSL_connect(ssl.get());
        if (result == 1)
            return {};
        SCONE_TRY(wait_for(result, deadline, "TLS handshake"));
    }
}

Outcome<TlsClient> TlsClient::connect(const TlsClientOptions& options) {
    auto state =
        std::make_unique<State>(SCONE_TRY(TcpClient::connect(options.server, options.timeout_ms)));
    state->context = SCONE_TRY(make_client_context());
    if (options.identity != nullptr)
        SCONE_TRY(use_identity(state->context.get(), options.identity->certificate_pem,
                               options.identity->key_pem.expose_text()));
    state->expectation = options.expectation;
    SSL_CTX_set_verify(state->context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(state->context.get(), State::verify_chain, state.get());
    state->ssl.reset(SSL_new(state->context.get()));
    if (!state->ssl || SSL_set_fd(state->ssl.get(), state->tcp.descriptor()) != 1)
        return failure(ExitCode::Failed, take_openssl_error("TLS cannot be set up"));
    if (!options.expectation.server_name.empty())
        SSL_set_tlsext_host_name(state->ssl.get(), options.expectation.server_name.c_str());
    if (auto shaken = state->handshake(options.timeout_ms); !shaken) {
        text::Failure why = shaken.error();
        if (why.exit_code == ExitCode::Unreachable && why.next.empty())
            why.next = "see that " + options.server.text() + " is the port of a TLS server";
        return std::unexpected(std::move(why));
    }
    return TlsClient(std::move(state));
}

TlsClient::TlsClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsClient::TlsClient(TlsClient&&) noexcept = default;
TlsClient& TlsClient::operator=(TlsClient&&) noexcept = default;
TlsClient::~TlsClient() {
    if (state_ && state_->ssl)
        SSL_shutdown(state_->ssl.get());  // best effort: says that we close
}

Outcome<void> TlsClient::write_all(base::Bytes bytes, int timeout_ms) {
    TimePoint deadline = deadline_in(timeout_ms);
    while (!bytes.empty()) {
        ERR_clear_error();
        size_t count = 0;
        int result = SSL_write_ex(state_->ssl.get(), bytes.data(), bytes.size(), &count);
        if (result == 1)
            bytes = bytes.subspan(count);
        else
            SCONE_TRY(state_->wait_for(result, deadline, "sending"));
    }
    return {};
}

Outcome<size_t> TlsClient::read_some(base::MutableBytes out, int timeout_ms) {
    TimePoint deadline = deadline_in(timeout_ms);
    for (;;) {
        ERR_clear_error();
        size_t count = 0;
        int result = SSL_read_ex(state_->ssl.get(), out.data(), out.size(), &count);
        if (result == 1)
            return count;
        if (SSL_get_error(state_->ssl.get(), result) == SSL_ERROR_ZERO_RETURN)
            return size_t{0};
        SCONE_TRY(state_->wait_for(result, deadline, "receiving"));
    }
}

const std::vector<crypto::Certificate>& TlsClient::server_chain() const {
    return state_->chain;
}

}  // namespace scone::net
