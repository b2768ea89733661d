// CAS's own certificates: CN=cas (root) -> CN=cas-instance -> the TLS certificate of both ports,
// and the key that signs the audit log.
//
// Side:    host
// Note:    the root's and the instance's keys are made at the first start and stay; the hash of the
//          root's key is CAS's identity. The TLS certificate is made at each start.
// Errors:  those of the store; Failed (OpenSSL), InvalidInput (a name that cannot be encoded)
// Source:  docs/formats/cas-store.md, "Authority"
#pragma once

#include <string>
#include <vector>

#include "lib/crypto/x509.h"
#include "services/cas/store.h"

namespace scone::cas {

struct AuthorityNames {
    std::string common_name = "cas";  // of the TLS certificate
    std::vector<std::string> dns_names = {"cas", "localhost"};
    std::vector<std::string> ip_addresses = {"127.0.0.1", "::1"};

    // One more name or address.
    void add(const std::string& name);
};

struct Authority {
    crypto::Certificate root;
    crypto::Certificate instance;
    crypto::Certificate tls;
    crypto::PrivateKey tls_key;
    crypto::PrivateKey audit_key;
    std::string key_hash;  // Base58Check of the root's key: what clients pin

    // TLS certificate, cas-instance, cas.
    text::Outcome<std::string> chain_pem() const;
};

// `now` in seconds since 1970.
text::Outcome<Authority> load_authority(Store& store, const AuthorityNames& names, int64_t now);

}  // namespace scone::cas
