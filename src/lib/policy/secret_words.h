// The words of the language for kinds of secrets and keys.
//
// Side:    hosted; for this room only
#pragma once

#include <string_view>
#include <utility>

#include "lib/policy/secret_rule.h"

namespace scone::policy {

inline constexpr std::pair<std::string_view, SecretKind> kKinds[] = {
    {"ascii", SecretKind::Ascii},
    {"binary", SecretKind::Binary},
    {"private-key", SecretKind::PrivateKey},
    {"public-key", SecretKind::PublicKey},
    {"x509", SecretKind::X509},
    {"x509-ca", SecretKind::X509Ca},
    {"aad-token", SecretKind::AadToken},
    {"config-fragment", SecretKind::ConfigFragment},
    {"pgp-key", SecretKind::PgpKey},
    {"jwt", SecretKind::Jwt},
    {"session-ca", SecretKind::SessionCa},
};

inline constexpr std::pair<std::string_view, KeyType> kKeyTypes[] = {
    {"P-256", KeyType::P256},       {"P-384", KeyType::P384},       {"Ed25519", KeyType::Ed25519},
    {"RSA-2048", KeyType::Rsa2048}, {"RSA-3072", KeyType::Rsa3072},
};

}  // namespace scone::policy
