#include "services/net/tls_context.h"

#include <openssl/err.h>

#include "lib/crypto/key.h"
#include "lib/crypto/x509.h"

namespace scone::net {
namespace {

using text::ExitCode;
using text::failure;
using text::Outcome;

constexpr long kMaxPeerChainSize = 64 * 1024;

Outcome<SslContext> make_context(const SSL_METHOD* method) {
    SslContext context(SSL_CTX_new(method));
    if (!context)
        return failure(ExitCode::Failed, take_openssl_error("OpenSSL cannot make a TLS context"));
    SSL_CTX* raw = context.get();
    bool set = SSL_CTX_set_min_proto_version(raw, TLS1_3_VERSION) == 1 &&
               SSL_CTX_set_max_proto_version(raw, TLS1_3_VERSION) == 1 &&
               SSL_CTX_set1_groups_list(raw, "X25519:P-256:P-384") == 1 &&
               SSL_CTX_set_num_tickets(raw, 0) == 1 && SSL_CTX_set_max_early_data(raw, 0) == 1;
    if (!set)
        return failure(ExitCode::Failed, take_openssl_error("OpenSSL refuses TLS 1.3"));
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(raw, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_max_cert_list(raw, kMaxPeerChainSize);
    return context;
}

// Possession of the key is proved by the handshake; who may do what is decided by the key's hash.
int accept_certificate(X509_STORE_CTX*, void*) {
    return 1;
}

}  // namespace

Outcome<SslContext> make_server_context() {
    return make_context(TLS_server_method());
}
Outcome<SslContext> make_client_context() {
    return make_context(TLS_client_method());
}

Outcome<void> use_identity(SSL_CTX* context, std::string_view chain_pem, std::string_view key_pem) {
    auto chain = crypto::Certificate::list_from_pem(chain_pem);
    if (!chain)
        return failure(ExitCode::InvalidInput,
                       std::string("certificate cannot be read: ") + chain.error().text);
    auto key = crypto::PrivateKey::from_pem(key_pem);
    if (!key)
        return failure(ExitCode::InvalidInput,
                       std::string("private key cannot be read: ") + key.error().text);
    if (SSL_CTX_use_certificate(context, chain->front().native()) != 1 ||
        SSL_CTX_use_PrivateKey(context, key->native()) != 1)
        return failure(ExitCode::InvalidInput,
                       take_openssl_error("certificate and key do not belong together"));
    for (size_t i = 1; i < chain->size(); ++i) {
        if (SSL_CTX_add1_chain_cert(context, (*chain)[i].native()) != 1)
            return failure(ExitCode::InvalidInput, take_openssl_error("chain cannot be used"));
    }
    return {};
}

void accept_any_client_certificate(SSL_CTX* context, bool required) {
    int mode = SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
    SSL_CTX_set_verify(context, mode, nullptr);
    SSL_CTX_set_cert_verify_callback(context, accept_certificate, nullptr);
}

std::string take_openssl_error(const char* otherwise) {
    unsigned long code = ERR_get_error();
    ERR_clear_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason != nullptr ? reason : otherwise;
}

}  // namespace scone::net
