#include "lib/attest/tolerances.h"

#include <algorithm>

namespace scone::attest {
namespace {

struct Categories {
    bool hardening = false;
    bool configuration = false;
    bool outdated = false;
};

Categories categories_of(TcbStatus status) {
    switch (status) {
        case TcbStatus::UpToDate:
            return {};
        case TcbStatus::SWHardeningNeeded:
            return {.hardening = true};
        case TcbStatus::ConfigurationNeeded:
            return {.configuration = true};
        case TcbStatus::ConfigurationAndSWHardeningNeeded:
            return {.hardening = true, .configuration = true};
        case TcbStatus::OutOfDate:
        case TcbStatus::TDRelaunchAdvised:
            return {.outdated = true};
        case TcbStatus::OutOfDateConfigurationNeeded:
        case TcbStatus::TDRelaunchAdvisedConfigurationNeeded:
            return {.configuration = true, .outdated = true};
        case TcbStatus::Revoked:
            break;
    }
    // A verdict is never Revoked; if one were, nothing could tolerate it.
    return {true, true, true};
}

bool covered(const std::string& advisory, const Tolerances& tolerances) {
    if (tolerances.ignores_all_advisories && tolerances.debug_mode)
        return true;
    if ((tolerances.hyperthreading && advisory == "INTEL-SA-00233") ||
        (tolerances.insecure_igpu && advisory == "INTEL-SA-00219") ||
        (tolerances.aepic_leak && advisory == "INTEL-SA-00657"))
        return true;
    return std::ranges::find(tolerances.ignored_advisories, advisory) !=
           tolerances.ignored_advisories.end();
}

class Findings {
  public:
    void need(bool needed, bool tolerated, std::string what, const char* name) {
        if (needed && !tolerated)
            list_.push_back({std::move(what), std::string("tolerate: [") + name + "]"});
    }
    void add(std::string what, std::string remedy) {
        list_.push_back({std::move(what), std::move(remedy)});
    }
    base::Result<void, std::vector<Shortcoming>> result() && {
        if (list_.empty())
            return {};
        return std::unexpected(std::move(list_));
    }

  private:
    std::vector<Shortcoming> list_;
};

void check_advisories(const Verdict& verdict, const Tolerances& tolerances, Findings& findings) {
    std::string missing;
    for (const std::string& advisory : verdict.advisories)
        if (!covered(advisory, tolerances))
            missing += (missing.empty() ? "" : ", ") + advisory;
    if (missing.empty())
        return;
    findings.add("The platform is affected by " + missing, "ignore_advisories: [" + missing + "]");
    if (tolerances.ignores_all_advisories)
        findings.add("ignore_advisories: \"*\" counts only together with debug-mode", "");
}

}  // namespace

base::Result<void, std::vector<Shortcoming>> check_tolerances(const Verdict& verdict, bool is_debug,
                                                              const Tolerances& tolerances) {
    Findings findings;
    findings.need(is_debug, tolerances.debug_mode, "The enclave runs in debug mode", "debug-mode");
    if (verdict.status == TcbStatus::UpToDate)
        return std::move(findings).result();
    std::string status = std::string("The platform's TCB status is ") + name_of(verdict.status);
    Categories categories = categories_of(verdict.status);
    if (verdict.status == TcbStatus::Revoked)
        findings.add(status, "");
    findings.need(categories.hardening, tolerances.software_hardening_needed, status,
                  "software-hardening-needed");
    findings.need(categories.configuration, tolerances.insecure_configuration, status,
                  "insecure-configuration");
    findings.need(categories.outdated, tolerances.outdated_tcb, status, "outdated-tcb");
    check_advisories(verdict, tolerances, findings);
    return std::move(findings).result();
}

base::Result<void, std::vector<Shortcoming>> check_tolerances(const VerifiedQuote& quote,
                                                              const Tolerances& tolerances) {
    return check_tolerances(quote.verdict(), quote.debug(), tolerances);
}

}  // namespace scone::attest
