// What a verified quote says about its platform.
//
// Side: hosted
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/attest/error.h"
#include "lib/attest/pck_extension.h"
#include "lib/attest/tcb_status.h"

namespace scone::attest {

struct Verdict {
    // The converged status; never Revoked (that is refused as TcbRevoked).
    TcbStatus status = TcbStatus::Revoked;
    TcbStatus platform_status = TcbStatus::Revoked;
    TcbStatus qe_status = TcbStatus::Revoked;
    std::optional<TcbStatus> tdx_module_status;
    // Of every level that matched (platform, QE, TDX module), each once.
    std::vector<std::string> advisories;
    std::vector<std::string> platform_advisories;
    int64_t tcb_date = 0;  // of the platform's level
    PckExtension platform;
    // Over TCB info, QE identity and revocation lists. A verdict must not be used after
    // collateral_next_update.
    int64_t collateral_issued = 0;  // the latest of their dates of issue: a lower bound of now
    int64_t collateral_next_update = 0;
    bool collateral_expired = false;  // only where the rules tolerate it
    bool revocation_checked = true;   // false only where the rules allow missing lists
    uint64_t tcb_evaluation_data_number = 0;
};

// "status OutOfDate, TCB level of 2024-03-13, advisories INTEL-SA-00615 ..., FMSPC ..., collateral
// 3 days old". `now` in seconds since 1970.
std::string describe(const Verdict& verdict, int64_t now);

}  // namespace scone::attest
