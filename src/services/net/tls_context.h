// OpenSSL contexts with this product's rules: TLS 1.3 only, P-256 and X25519 key exchange, no
// tickets, no resumption, no early data, no compression.
//
// Side:   host
// Errors: InvalidInput (key or certificate cannot be used, or do not belong together)
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

#include "lib/crypto/openssl_handle.h"
#include "lib/text/failure.h"

namespace scone::net {

using SslContext = std::unique_ptr<SSL_CTX, crypto::FreeWith<SSL_CTX_free>>;
using SslHandle = std::unique_ptr<SSL, crypto::FreeWith<SSL_free>>;

text::Outcome<SslContext> make_server_context();
text::Outcome<SslContext> make_client_context();
// Installs our certificate (first of `chain_pem`), the rest of the chain and its key.
text::Outcome<void> use_identity(SSL_CTX* context, std::string_view chain_pem,
                                 std::string_view key_pem);
// Server: asks for a certificate and accepts whatever key the client proves to have.
void accept_any_client_certificate(SSL_CTX* context, bool required);
// The oldest error in OpenSSL's queue, which it empties; `otherwise` when there is none.
std::string take_openssl_error(const char* otherwise);

}  // namespace scone::net
