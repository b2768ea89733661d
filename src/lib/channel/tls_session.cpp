#include "lib/channel/tls_session.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>

#include "lib/base/checked.h"

namespace scone::channel {
namespace {

using crypto::Certificate;

constexpr size_t kRecordSize = 16384;
constexpr long kMaxPeerCertificates = 65536;  // bytes
constexpr auto kKeyLabel = "scone-enclave-tls-1";

std::unexpected<Error> library_error(const char* text) {
    ERR_clear_error();
    return error(ErrorCode::Library, text);
}

// SAFETY: TLS itself proves that the peer holds its certificate's key. Whether that key is to be
// trusted is decided after the handshake and before any message is sent or believed: by
// check_cas_chain on the enclave's side, by the quote's report data on CAS's side.
int accept_for_now(X509_STORE_CTX*, void*) {
    return 1;
}

Result<SSL_CTX*> new_context(const SSL_METHOD* method) {
    SSL_CTX* context = SSL_CTX_new(method);
    if (context == nullptr)
        return library_error("cannot make a TLS context");
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_cert_list(context, kMaxPeerCertificates);
    SSL_CTX_set_cert_verify_callback(context, accept_for_now, nullptr);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    if (SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_num_tickets(context, 0) != 1 ||
        SSL_CTX_set1_groups_list(context, "P-256:X25519") != 1) {
        SSL_CTX_free(context);
        return library_error("cannot restrict TLS to version 1.3");
    }
    return context;
}

Result<void> use_identity(SSL_CTX* context, std::span<const Certificate> chain,
                          const crypto::PrivateKey& key) {
    if (chain.empty())
        return error(ErrorCode::NotTrusted, "TLS needs a certificate");
    if (SSL_CTX_use_certificate(context, chain[0].native()) != 1 ||
        SSL_CTX_use_PrivateKey(context, key.native()) != 1 ||
        SSL_CTX_check_private_key(context) != 1)
        return library_error("TLS certificate and key do not belong together");
    for (const Certificate& issuer : chain.subspan(1))
        if (SSL_CTX_add1_chain_cert(context, issuer.native()) != 1)
            return library_error("cannot add a certificate to the TLS chain");
    return {};
}

// A certificate is pinned by the hash of its key.
Result<bool> has_key(const Certificate& certificate, const crypto::KeyHash& hash) {
    auto key = certificate.public_key();
    auto found = key ? key->key_hash() : std::unexpected(key.error());
    return found && *found == hash;
}

bool carries_cas_name(const Certificate& leaf) {
    std::vector<std::string> names = leaf.dns_names();
    return std::ranges::find(names, kCasServerName) != names.end();
}

}  // namespace

Result<void> check_cas_chain(std::span<const Certificate> chain, const CasPin& pin, int64_t time) {
    if (chain.empty())
        return error(ErrorCode::NotTrusted, "CAS showed no certificate");
    if (chain.size() > crypto::kMaxChainLength)
        return error(ErrorCode::TooLarge, "CAS showed more than 16 certificates", chain.size());
    if (!carries_cas_name(chain[0]))
        return error(ErrorCode::NotTrusted,
                     "server's certificate is not issued for the name 'cas'");
    std::vector<Certificate> roots = pin.roots;
    if (pin.key_hash) {
        roots.clear();
        for (const Certificate& certificate : chain)
            if (SCONE_TRY(has_key(certificate, *pin.key_hash)))
                roots.push_back(certificate);
        if (roots.empty())
            return error(ErrorCode::NotTrusted,
                         "CAS is not the pinned one: no certificate of its "
                         "chain has the expected key hash");
        if (SCONE_TRY(has_key(chain[0], *pin.key_hash)))
            return chain[0].valid_at(time)
                       ? Result<void>()
                       : error(ErrorCode::NotTrusted, "CAS's certificate is not valid now");
    }
    if (roots.empty() && pin.anyone)
        roots.push_back(chain.back());
    if (roots.empty())
        return error(ErrorCode::NotTrusted, "no CAS key or root certificate is pinned");
    auto path =
        crypto::verify_path(chain[0], chain.subspan(1), roots, time, crypto::ExtendedUse::Server);
    if (!path)
        return error(ErrorCode::NotTrusted, path.error().text, path.error().number);
    return {};
}

Result<TlsContext> TlsContext::for_server(std::span<const Certificate> chain,
                                          const crypto::PrivateKey& key) {
    SSL_CTX* native = SCONE_TRY(new_context(TLS_server_method()));
    TlsContext context(native, true);
    SCONE_TRY(use_identity(context.context_, chain, key));
    return context;
}

Result<TlsContext> TlsContext::for_client(const Certificate& own, const crypto::PrivateKey& key) {
    SSL_CTX* native = SCONE_TRY(new_context(TLS_client_method()));
    TlsContext context(native, false);
    SCONE_TRY(use_identity(context.context_, {&own, 1}, key));
    return context;
}

TlsContext::TlsContext(TlsContext&& other) noexcept
    : context_(std::exchange(other.context_, nullptr)), is_server_(other.is_server_) {}
TlsContext& TlsContext::operator=(TlsContext&& other) noexcept {
    std::swap(context_, other.context_);
    std::swap(is_server_, other.is_server_);
    return *this;
}
TlsContext::~TlsContext() {
    SSL_CTX_free(context_);
}

Result<TlsSession> TlsSession::start(const TlsContext& context, const std::string& server_name) {
    TlsSession session(SSL_new(context.native()));
    BIO* in = BIO_new(BIO_s_mem());
    BIO* out = BIO_new(BIO_s_mem());
    if (session.session_ == nullptr || in == nullptr || out == nullptr) {
        BIO_free(in);
        BIO_free(out);
        return library_error("cannot start a TLS session");
    }
    SSL_set_bio(session.session_, in, out);  // owns both now
    if (context.is_server()) {
        SSL_set_accept_state(session.session_);
    } else {
        SSL_set_connect_state(session.session_);
        if (!server_name.empty() &&
            SSL_set_tlsext_host_name(session.session_, server_name.c_str()) != 1)
            return library_error("cannot send this server name");
    }
    return session;
}

TlsSession::TlsSession(TlsSession&& other) noexcept
    : session_(std::exchange(other.session_, nullptr)) {}
TlsSession& TlsSession::operator=(TlsSession&& other) noexcept {
    std::swap(session_, other.session_);
    return *this;
}
TlsSession::~TlsSession() {
    SSL_free(session_);
}

Result<void> TlsSession::feed(Bytes ciphertext) {
    auto size = base::checked_cast<int>(ciphertext.size());
    if (!size)
        return error(ErrorCode::TooLarge, "too many bytes at once", ciphertext.size());
    if (*size > 0 && BIO_write(SSL_get_rbio(session_), ciphertext.data(), *size) != *size)
        return library_error("no memory for received bytes");
    return {};
}

std::vector<uint8_t> TlsSession::take_output() {
    BIO* out = SSL_get_wbio(session_);
    std::vector<uint8_t> bytes(BIO_ctrl_pending(out));
    int size = bytes.empty() ? 0 : BIO_read(out, bytes.data(), static_cast<int>(bytes.size()));
    bytes.resize(size > 0 ? static_cast<size_t>(size) : 0);
    return bytes;
}

Result<bool> TlsSession::handshake() {
    ERR_clear_error();
    int done = SSL_do_handshake(session_);
    if (done == 1)
        return true;
    if (SSL_get_error(session_, done) == SSL_ERROR_WANT_READ)
        return false;
    unsigned long reason = ERR_get_error();
    ERR_clear_error();
    const char* text = ERR_reason_error_string(reason);  // a literal of OpenSSL's
    return error(ErrorCode::Handshake, text != nullptr ? text : "TLS handshake failed", reason);
}

Result<bool> TlsSession::read(crypto::SecretBytes& out) {
    ERR_clear_error();
    bool any = false;
    crypto::SecretBytes record(kRecordSize);
    for (;;) {
        int size = SSL_read(session_, record.expose_mutable().data(), kRecordSize);
        if (size > 0) {
            out.append(record.expose().first(static_cast<size_t>(size)));
            any = true;
            continue;
        }
        int reason = SSL_get_error(session_, size);
        ERR_clear_error();
        if (reason == SSL_ERROR_WANT_READ || any)
            return any;
        if (reason == SSL_ERROR_ZERO_RETURN)
            return error(ErrorCode::Closed, "peer ended the TLS connection");
        return error(ErrorCode::Handshake,
                     "peer broke off TLS, or its bytes were changed on the way");
    }
}

Result<void> TlsSession::write(Bytes plaintext) {
    ERR_clear_error();
    while (!plaintext.empty()) {
        size_t part = std::min(plaintext.size(), kRecordSize);
        // A memory BIO takes everything: a short write is a failure.
        if (SSL_write(session_, plaintext.data(), static_cast<int>(part)) != static_cast<int>(part))
            return library_error("cannot encrypt a message");
        plaintext = plaintext.subspan(part);
    }
    return {};
}

void TlsSession::close() {
    SSL_shutdown(session_);
    ERR_clear_error();
}

Result<std::vector<Certificate>> TlsSession::peer_chain() const {
    std::vector<Certificate> chain;
    X509* leaf = SSL_get0_peer_certificate(session_);
    if (leaf == nullptr)
        return error(ErrorCode::NotTrusted, "peer showed no certificate");
    auto add = [&](X509* native) -> Result<void> {
        auto certificate = Certificate::from_native(native);
        if (!certificate)
            return error(ErrorCode::NotTrusted, certificate.error().text);
        chain.push_back(std::move(*certificate));
        return {};
    };
    SCONE_TRY(add(leaf));
    STACK_OF(X509)* all = SSL_get_peer_cert_chain(session_);
    // On a client the stack begins with the leaf, on a server it does not.
    for (int i = SSL_is_server(session_) ? 0 : 1; i < sk_X509_num(all); i++) {
        if (chain.size() == crypto::kMaxChainLength)
            return error(ErrorCode::TooLarge, "peer showed more than 16 certificates");
        SCONE_TRY(add(sk_X509_value(all, i)));
    }
    return chain;
}

Result<ByteArray<64>> tls_key_report_data(const crypto::PublicKey& key) {
    auto der = key.spki_der();
    if (!der)
        return error(ErrorCode::Library, der.error().text);
    return crypto::sha512_of_parts({base::as_bytes(kKeyLabel), *der});
}

}  // namespace scone::channel
