// What an enclave asks of CAS, as cheaply as it can be asked: for measurements of CAS on the
// processors that it runs on, too. It does not look who the server is.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "lib/crypto/openssl_handle.h"
#include "lib/crypto/secret_bytes.h"
#include "services/net/tls_client.h"

namespace scone::test {

class LoadClient {
  public:
    LoadClient(uint16_t port, const net::ClientIdentity& identity);

    // TCP, TLS 1.3 and the end of the connection. Ends the program where that fails.
    void shake_hands();
    // Attestation and configuration. Likewise, and where CAS answers with an error.
    void configure(base::Bytes simulated_quote, const std::string& config_id);

  private:
    using Context = std::unique_ptr<SSL_CTX, crypto::FreeWith<SSL_CTX_free>>;
    using Connection = std::unique_ptr<SSL, crypto::FreeWith<SSL_free>>;

    Connection connect() const;

    uint16_t port_;
    Context context_;
};

}  // namespace scone::test
