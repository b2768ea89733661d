// The SGX extension of a PCK certificate: which platform, at which security version.
//
// Side:    hosted
// Errors:  PckExtensionMalformed
// Source:  Intel SGX PCK Certificate and CRL Profile Specification, section 1.3.5
#pragma once

#include <optional>

#include "lib/attest/error.h"

namespace scone::attest {

inline constexpr const char* kSgxExtensionOid = "1.2.840.113741.1.13.1";

struct PckExtension {
    ByteArray<16> ppid{};
    ByteArray<16> tcb_components{};  // component SVNs 1 to 16
    uint16_t pce_svn = 0;
    ByteArray<2> pce_id{};
    ByteArray<6> fmspc{};
    uint8_t sgx_type = 0;  // 0 standard, 1 scalable, 2 scalable with integrity
    // Platform CA only.
    std::optional<ByteArray<16>> platform_instance_id;
    std::optional<bool> dynamic_platform;
    std::optional<bool> cached_keys;
    std::optional<bool> smt_enabled;
};

// `content`: the extension's DER value, a SEQUENCE of (OID, value).
Result<PckExtension> parse_pck_extension(Bytes content);

}  // namespace scone::attest
