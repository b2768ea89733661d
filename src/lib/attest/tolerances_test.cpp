#include "lib/attest/tolerances.h"

#include <gtest/gtest.h>

namespace scone::attest {
namespace {

Verdict verdict(TcbStatus status, std::vector<std::string> advisories = {}) {
    Verdict made;
    made.status = status;
    made.advisories = std::move(advisories);
    return made;
}

std::string remedies(const Verdict& verdict, const Tolerances& tolerances, bool debug = false) {
    auto result = check_tolerances(verdict, debug, tolerances);
    if (result)
        return "accepted";
    std::string out;
    for (const Shortcoming& item : result.error())
        out += item.remedy + ";";
    return out;
}

TEST(Tolerances, UpToDateNeedsNone) {
    EXPECT_EQ("accepted", remedies(verdict(TcbStatus::UpToDate, {"INTEL-SA-00001"}), {}));
}

TEST(Tolerances, DebugNeedsDebugMode) {
    EXPECT_EQ("tolerate: [debug-mode];", remedies(verdict(TcbStatus::UpToDate), {}, true));
    EXPECT_EQ("accepted", remedies(verdict(TcbStatus::UpToDate), {.debug_mode = true}, true));
}

TEST(Tolerances, ACategoryAloneIsNotEnough) {
    Verdict got = verdict(TcbStatus::SWHardeningNeeded, {"INTEL-SA-00334", "INTEL-SA-00615"});
    Tolerances policy;
    EXPECT_EQ(
        "tolerate: [software-hardening-needed];"
        "ignore_advisories: [INTEL-SA-00334, INTEL-SA-00615];",
        remedies(got, policy));
    policy.software_hardening_needed = true;
    EXPECT_EQ("ignore_advisories: [INTEL-SA-00334, INTEL-SA-00615];", remedies(got, policy));
    policy.ignored_advisories = {"INTEL-SA-00334"};
    EXPECT_EQ("ignore_advisories: [INTEL-SA-00615];", remedies(got, policy));
    policy.ignored_advisories.push_back("INTEL-SA-00615");
    EXPECT_EQ("accepted", remedies(got, policy));
    policy.software_hardening_needed = false;
    EXPECT_EQ("tolerate: [software-hardening-needed];", remedies(got, policy));
}

TEST(Tolerances, CombinedStatusesNeedEachCategory) {
    Verdict got = verdict(TcbStatus::OutOfDateConfigurationNeeded);
    EXPECT_EQ("tolerate: [insecure-configuration];tolerate: [outdated-tcb];", remedies(got, {}));
    EXPECT_EQ("accepted", remedies(got, {.insecure_configuration = true, .outdated_tcb = true}));
    EXPECT_EQ("tolerate: [software-hardening-needed];",
              remedies(verdict(TcbStatus::ConfigurationAndSWHardeningNeeded),
                       {.insecure_configuration = true}));
}

TEST(Tolerances, ShortcutsCoverTheirAdvisories) {
    Verdict got = verdict(TcbStatus::ConfigurationNeeded,
                          {"INTEL-SA-00233", "INTEL-SA-00219", "INTEL-SA-00657"});
    Tolerances policy{.insecure_configuration = true};
    policy.hyperthreading = true;
    policy.insecure_igpu = true;
    EXPECT_EQ("ignore_advisories: [INTEL-SA-00657];", remedies(got, policy));
    policy.aepic_leak = true;
    EXPECT_EQ("accepted", remedies(got, policy));
}

TEST(Tolerances, StarCountsOnlyWithDebugMode) {
    Verdict got = verdict(TcbStatus::OutOfDate, {"INTEL-SA-00615"});
    Tolerances policy{.outdated_tcb = true, .ignores_all_advisories = true};
    EXPECT_EQ("ignore_advisories: [INTEL-SA-00615];;", remedies(got, policy));
    policy.debug_mode = true;
    EXPECT_EQ("accepted", remedies(got, policy));
}

TEST(Tolerances, RevokedIsNeverTolerated) {
    Tolerances all{.debug_mode = true,
                   .software_hardening_needed = true,
                   .insecure_configuration = true,
                   .outdated_tcb = true,
                   .ignores_all_advisories = true};
    EXPECT_NE("accepted", remedies(verdict(TcbStatus::Revoked), all));
}

TEST(TcbStatus, ConvergenceFollowsTheWorstPart) {
    using enum TcbStatus;
    EXPECT_EQ(SWHardeningNeeded, converge(SWHardeningNeeded, UpToDate));
    EXPECT_EQ(OutOfDate, converge(SWHardeningNeeded, OutOfDate));
    EXPECT_EQ(OutOfDateConfigurationNeeded, converge(ConfigurationNeeded, OutOfDate));
    EXPECT_EQ(OutOfDateConfigurationNeeded, converge(ConfigurationAndSWHardeningNeeded, OutOfDate));
    EXPECT_EQ(Revoked, converge(UpToDate, Revoked));
    EXPECT_EQ(Revoked, converge(Revoked, UpToDate));
}

}  // namespace
}  // namespace scone::attest
