// Test support: a PCK hierarchy of our own with quotes and collateral of any content, for what the
// real vectors do not show: revoked certificates, rare statuses, forged documents.
#pragma once

#include <openssl/x509.h>

#include <optional>
#include <string>
#include <vector>

#include "lib/attest/dcap_checks.h"

namespace scone::attest::test {

inline constexpr int64_t kNow = 1'800'000'000;
inline constexpr int64_t kDay = 86400;

struct Authority {
    crypto::PrivateKey key;
    crypto::Certificate certificate;
};

// One level of the TCB info: every component and PCESVN at `svn`.
struct Level {
    int svn;
    const char* status;
    std::vector<std::string> advisories = {};
};
struct QeLevel {
    int isv_svn;
    const char* status;
    std::vector<std::string> advisories = {};
};

struct OwnCollateral {
    std::string tcb_info, qe_identity, tcb_signing_chain;
    std::vector<uint8_t> pck_list, root_list;

    Collateral view() const {
        return {tcb_info, qe_identity, tcb_signing_chain, pck_list, root_list};
    }
};

// Everything a check needs. Change a member, then call check().
class Hierarchy {
  public:
    Hierarchy();

    TrustAnchor anchor() const;
    // PCK components and PCESVN are 5, the QE's ISVSVN is 5.
    Quote quote() const;
    OwnCollateral collateral() const;
    Result<Verdict> check() const;
    // A revocation list by `issuer` over these certificates.
    static std::vector<uint8_t> revocation_list(const Authority& issuer,
                                                std::vector<const crypto::Certificate*> revoked,
                                                int64_t this_update = kNow - kDay,
                                                int64_t next_update = kNow + kDay);
    std::string tcb_info() const;
    std::string qe_identity() const;
    // {"<name>": <inner>, "signature": ...} by the TCB signer.
    std::string signed_document(const char* name, const std::string& inner) const;

    Authority root, ca, leaf, tcb_signer;
    std::vector<Level> levels{{5, "UpToDate"}};
    std::vector<QeLevel> qe_levels{{5, "UpToDate"}};
    std::string fmspc = "010203040506";
    std::string qe_attributes = "01000000000000000000000000000000";
    int64_t issued = kNow - kDay;
    int64_t next_update = kNow + kDay;
    std::vector<const crypto::Certificate*> revoked_by_root, revoked_by_ca;
    VerificationRules rules{.time = kNow};
};

}  // namespace scone::attest::test
