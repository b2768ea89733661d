// The state of the command line tools: who we are, and which CAS we trust.
//
// Side:    host
// Layout:  JSON, mode 0600: {"version": 1, "identity": "PEM key, then PEM certificate",
//          "session_signing_key": "PEM key", "default_cas": NAME, "cas": [{"name", "address",
//          "key_hash", "attested", "chain"}]}; keys that are not known are kept.
//          docs/formats/client-config.md
// Where:   SCONE_CLI_CONFIG, else ~/.cas/config.json
// Errors:  InvalidInput (malformed), Unsupported (a newer version), Denied (others may read it),
//          Failed
// Threads: several processes may use one file: changes happen under a lock, by renaming
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/crypto/secret_bytes.h"
#include "lib/text/failure.h"
#include "lib/text/json.h"

namespace scone::cli {

struct Identity {
    crypto::SecretBytes key_pem;  // PKCS#8
    std::string certificate_pem;
};

struct KnownCas {
    std::string name;
    std::string address;   // "host:port" of the client API
    std::string key_hash;  // of the root (CN=cas), Base58Check
    // False: its key is pinned, but nobody has checked what runs there.
    bool attested = false;
    std::string chain_pem;  // leaf, cas-instance, cas
};

class ClientConfig {
  public:
    const std::string& path() const { return path_; }
    const Identity& identity() const { return identity_; }
    // Ed25519, PKCS#8 PEM: signs sessions (`signer:` of access policies).
    const crypto::SecretBytes& signing_key_pem() const { return signing_key_pem_; }
    const std::vector<KnownCas>& known_cas() const { return cas_; }
    // By name or address; without port the address matches any port.
    const KnownCas* find_cas(std::string_view name_or_address) const;
    const KnownCas* default_cas() const;

    // Replaces those of the same name or address. The first becomes the default.
    void put_cas(KnownCas cas);
    // False when there is no CAS of this name or address.
    bool set_default(std::string_view name_or_address);

  private:
    friend class ClientConfigFile;
    std::string path_;
    Identity identity_;
    crypto::SecretBytes signing_key_pem_;
    std::vector<KnownCas> cas_;
    std::string default_cas_;
    text::Json rest_ = text::Json::object();
};

std::string default_config_path();

// Reads the file; where there is none, makes one with a new identity.
text::Outcome<ClientConfig> load_client_config(const std::string& path);
// Reads it anew under the lock, lets `change` change it, writes it.
text::Outcome<ClientConfig> update_client_config(const std::string& path,
                                                 const std::function<void(ClientConfig&)>& change);

// A PEM file with a private key and then a certificate.
text::Outcome<Identity> read_identity(const std::string& path);
// A new P-256 key with a self-signed certificate, valid from 1975 to 4096.
text::Outcome<Identity> make_identity();

}  // namespace scone::cli
