#include "lib/attest/verdict.h"

#include "lib/attest/signed_json.h"
#include "lib/base/hex.h"

namespace scone::attest {

std::string describe(const Verdict& verdict, int64_t now) {
    std::string fmspc(12, '0');
    base::hex_encode(verdict.platform.fmspc, fmspc);
    std::string out = std::string("status ") + name_of(verdict.status);
    out += ", TCB level of " + format_utc_time(verdict.tcb_date).substr(0, 10);
    out += ", advisories ";
    if (verdict.advisories.empty())
        out += "none";
    for (size_t i = 0; i < verdict.advisories.size(); i++)
        out += (i == 0 ? "" : " ") + verdict.advisories[i];
    out += ", FMSPC " + fmspc;
    int64_t age = now > verdict.collateral_issued ? (now - verdict.collateral_issued) / 86400 : 0;
    out += ", collateral " + std::to_string(age) + (age == 1 ? " day old" : " days old");
    if (verdict.collateral_expired)
        out += " and expired";
    return out;
}

}  // namespace scone::attest
