// A service as the policy declares it: what may attest as it, and what it is given then.
//
// Side:    hosted
// Source:  docs/reference/session-language.md, "services"
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/text/node.h"

namespace scone::policy {

struct SignerFactor {
    base::ByteArray<32> mrsigner{};
    uint16_t isvprodid = 0;
    std::optional<uint16_t> isvsvn;      // exactly
    std::optional<uint16_t> isvsvn_min;  // inclusive, as isvsvn_max
    std::optional<uint16_t> isvsvn_max;
};

// Every factor that is there must hold.
struct AttestationVariant {
    std::optional<std::vector<base::ByteArray<32>>> mrenclaves;  // one of them
    std::optional<SignerFactor> signer;
};

enum class FspfUpdate { RollbackProtectedReinitializable, NoRollbackProtection };
std::string_view name_of(FspfUpdate update);

struct EnvironmentRule {
    std::string name;
    std::string value;
    bool from_host = false;  // "@@NAME": the host's value, `value` is ignored
    text::Position at;
};

struct ServiceRule {
    std::string name;
    std::string image_name;
    text::Position image_name_at;
    std::vector<std::string>
        command;  // words; may hold $$SCONE::...$$; "@@N" is the host's argv[N]
    text::Position command_at;
    std::vector<EnvironmentRule> environment;
    std::string pwd = "/";
    // One of them must hold. Empty: only legal where the session's mode is none.
    std::vector<AttestationVariant> attestation;
    // Set when $$SCONE::...$$ stands in the section: `attestation` is empty until
    // resolve_attestation() has put the fragments in.
    std::optional<text::Node> unresolved_attestation;
    std::vector<std::string> platforms;
    std::string fspf_path;
    std::optional<std::string> fspf_key;  // 64 hex digits or $$SCONE::secret$$
    std::optional<std::string> fspf_tag;  // 32 hex digits
    FspfUpdate fspf_update = FspfUpdate::RollbackProtectedReinitializable;
    std::optional<std::string> one_time_password_shared_secret;
    text::Position at;
};

}  // namespace scone::policy
