// A session (policy) as CAS keeps it and enforces it.
//
// Side:    hosted
// Note:    the records keep what the text said, with the places (line, column) for messages; no
//          comparison looks at places. What stands behind $$SCONE::...$$ stays text here.
// Source:  docs/reference/session-language.md; docs/formats/session.md
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/policy/access_rules.h"
#include "lib/policy/image_rule.h"
#include "lib/policy/secret_rule.h"
#include "lib/policy/service_rule.h"
#include "lib/policy/volume_rule.h"

namespace scone::policy {

using SessionHash = base::ByteArray<32>;

// 0.3.10 is {0, 3, 10}; a text without a version key is 0.1.
struct LanguageVersion {
    uint8_t major = 0;
    uint8_t minor = 1;
    uint8_t patch = 0;
    std::string text = "0.1";
    friend std::strong_ordering operator<=>(const LanguageVersion& a, const LanguageVersion& b) {
        if (auto order = a.major <=> b.major; order != 0)
            return order;
        if (auto order = a.minor <=> b.minor; order != 0)
            return order;
        return a.patch <=> b.patch;
    }
    friend bool operator==(const LanguageVersion& a, const LanguageVersion& b) {
        return (a <=> b) == 0;
    }
};

// Who uploaded the session first: CAS writes the client's TLS certificate, the CLI a signer.
struct Creator {
    enum class Kind { Certificate, Signer };
    Kind kind = Kind::Certificate;
    std::string pem;
};

enum class AttestationMode { Hardware, None, Maa };

enum class Tolerance {
    DebugMode,
    Hyperthreading,
    InsecureIgpu,
    AepicLeak,
    SoftwareHardeningNeeded,
    InsecureConfiguration,
    OutdatedTcb,
    MaaManagedTcb,
    LocalAttestationTrustCasTcb,
};
// "debug-mode"
std::string_view name_of(Tolerance tolerance);

struct Security {
    AttestationMode mode = AttestationMode::Hardware;
    std::vector<Tolerance> tolerate;
    std::vector<std::string> ignore_advisories;  // "INTEL-SA-00161"
    bool ignore_all_advisories = false;          // "*"
    std::vector<std::string> trusted_scone_qe_pubkeys;
    bool must_be_sgx_local = false;
    std::optional<std::string> one_time_password_shared_secret;
    std::optional<std::string> maa_url;
    std::vector<std::string> maa_certificates;
    std::optional<uint32_t> min_rsa_signing_key_size;  // without effect
    bool singleton_enclaves = false;
    std::optional<std::string> service_access_token;
    // Set when $$SCONE::...$$ stands in the section (or for it): then nothing above counts before
    // resolve_security() has put the fragments in.
    std::optional<text::Node> unresolved;

    text::Position at;
    text::Position advisories_at;

    bool tolerates(Tolerance tolerance) const;
};

enum class SecretStoreKind { Cas, Akv };
struct SecretStore {
    SecretStoreKind kind = SecretStoreKind::Cas;
    std::string akv_token;
    std::string akv_vault;
};

struct Session {
    LanguageVersion version;
    std::string name;  // with its namespaces: "a/b/c"; the root is "/"
    text::Position name_at;
    std::optional<SessionHash> predecessor;
    std::optional<SessionHash> namespace_hash;
    std::optional<base::ByteArray<16>> salt;
    std::vector<SecretRule> secrets;
    SecretStore secret_store;
    std::vector<ServiceRule> services;
    std::vector<VolumeRule> volumes;
    std::vector<ImageRule> images;
    AccessPolicy access_policy;
    Security security;
    std::optional<Creator> creator;

    const ServiceRule* find_service(std::string_view service_name) const;
    const SecretRule* find_secret(std::string_view secret_name) const;
    const VolumeRule* find_volume(std::string_view volume_name) const;
    const ImageRule* find_image(std::string_view image_name) const;
};

// "a/b" of "a/b/c"; "/" of "a"; empty of "/".
std::string_view parent_of(std::string_view session_name);

}  // namespace scone::policy
