// A secret as the policy declares it: what to make, what is given, who else may have it.
//
// Side:    hosted
// Source:  docs/reference/session-language.md, "secrets"
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/text/node.h"

namespace scone::policy {

enum class SecretKind {
    Unstated,  // an import without `kind`
    Ascii,
    Binary,
    PrivateKey,
    PublicKey,
    X509,
    X509Ca,
    AadToken,
    ConfigFragment,
    PgpKey,
    Jwt,
    SessionCa,
};
// "private-key"
std::string_view name_of(SecretKind kind);
// The kind of this name; nullopt when there is none.
std::optional<SecretKind> secret_kind(std::string_view name);

enum class KeyType { P256, P384, Ed25519, Rsa2048, Rsa3072 };
// "P-256"
std::string_view name_of(KeyType type);

enum class Endpoint { Unstated, Server, Client };

// To whom a secret or volume is given.
struct ExportTarget {
    std::string session;         // empty when `namespace_name` is set
    std::string namespace_name;  // the namespace and everything in it
    std::string session_hash;    // 64 hex digits or empty
    std::string cas_url;         // empty: this CAS
    std::string cas_key;
    text::Position at;
};

struct SecretImport {
    std::string session;
    std::string secret;
    std::string session_hash;
    std::string cas_url;
    std::string cas_key;
    std::string cas_software_key;
    text::Position at;
};

struct AkvImport {
    std::string vault;
    std::string secret_name;
    std::string token;
    std::string decryption_key;
};

struct AadToken {
    std::string tenant_id;
    std::string client_id;
    std::string application_secret;
    std::string private_key;
    std::string certificate_thumbprint;
};

struct JwtRule {
    std::string signer;
    std::string algorithm;
    std::string valid_for;
    std::vector<std::pair<std::string, std::string>> payload;
};

struct SecretRule {
    std::string name;
    SecretKind kind = SecretKind::Unstated;
    // The explicit value as written: text, hex digits (binary), PEM (keys, certificates).
    std::optional<std::string> value;
    std::optional<text::Node> fragment;  // value of a config-fragment
    uint32_t size = 20;                  // ascii: characters; binary: bytes
    KeyType key_type = KeyType::P256;
    bool migrate = false;
    std::string private_key;  // name of the private-key secret; of public-key, x509, x509-ca
    std::string issuer;       // name of an x509-ca secret; empty: self-signed
    std::string common_name;  // empty: the first DNS name, else the secret's name
    Endpoint endpoint = Endpoint::Unstated;
    std::vector<std::string> dns_names;     // from `dns` and the "dns:" entries of `san`
    std::vector<std::string> ip_addresses;  // from the "ip:" entries of `san`
    std::optional<uint64_t> valid_for_seconds;
    std::string valid_for;  // as written
    std::optional<AadToken> aad;
    std::optional<JwtRule> jwt;
    std::vector<ExportTarget> exports;
    bool export_public = false;
    std::optional<SecretImport> import;
    std::optional<AkvImport> import_akv;
    // An x509 of language 0.2: CAS makes the key too and signs with the session's own CA.
    bool implicit_key = false;
    text::Position at;
};

// True when CAS keeps the generated value in an update from `before` to `after`.
bool keeps_value(const SecretRule& before, const SecretRule& after);

}  // namespace scone::policy
