#include "services/cas/quote_check.h"

#include <algorithm>

#include "lib/attest/simulated_quote.h"
#include "lib/text/hex.h"
#include "services/cas/attestation.h"
#include "services/cas/state_folder.h"

namespace scone::cas {
namespace {

using channel::ErrorChain;
using policy::Tolerance;

constexpr size_t kMaxCollateralSize = 1 << 20;

std::string as_policy_line(const std::string& remedy) {
    return "In order to ignore this error, add `" + remedy +
           "` to the session's `security.attestation` config";
}

std::unexpected<ErrorChain> not_verified(const char* kind, std::string why) {
    ErrorChain chain = distrust(kind);
    chain.add(std::move(why));
    return std::unexpected(std::move(chain));
}

// Collateral as a provisioning service hands it out, each part a file of the folder.
struct CollateralFiles {
    std::string tcb_info;
    std::string qe_identity;
    std::string chain;
    std::string pck_crl;
    std::string root_crl;
};

text::Outcome<std::string> read_part(const std::filesystem::path& path) {
    auto content = SCONE_TRY(read_file(path, kMaxCollateralSize));
    if (!content)
        return text::failure(text::ExitCode::NotFound, "no file " + path.string());
    return std::string(content->expose_text());
}

// Files of one platform type: FOLDER/<fmspc>/...; the root's list is common to all.
text::Outcome<CollateralFiles> read_collateral(const std::filesystem::path& folder,
                                               const std::string& fmspc, const char* ca) {
    std::filesystem::path own = folder / fmspc;
    CollateralFiles out;
    out.tcb_info = SCONE_TRY(read_part(own / "tcb_info.json"));
    out.qe_identity = SCONE_TRY(read_part(folder / "qe_identity.json"));
    out.chain = SCONE_TRY(read_part(folder / "tcb_signing_chain.pem"));
    out.pck_crl = SCONE_TRY(read_part(folder / (std::string("pck_crl_") + ca + ".der")));
    out.root_crl = SCONE_TRY(read_part(folder / "root_ca_crl.der"));
    return out;
}

}  // namespace

attest::Tolerances tolerances_of(const policy::Security& security) {
    attest::Tolerances out;
    out.debug_mode = security.tolerates(Tolerance::DebugMode);
    out.hyperthreading = security.tolerates(Tolerance::Hyperthreading);
    out.insecure_igpu = security.tolerates(Tolerance::InsecureIgpu);
    out.aepic_leak = security.tolerates(Tolerance::AepicLeak);
    out.software_hardening_needed = security.tolerates(Tolerance::SoftwareHardeningNeeded);
    out.insecure_configuration = security.tolerates(Tolerance::InsecureConfiguration);
    out.outdated_tcb = security.tolerates(Tolerance::OutdatedTcb);
    out.ignored_advisories = security.ignore_advisories;
    out.ignores_all_advisories = security.ignore_all_advisories;
    return out;
}

Attested<Evidence> QuoteCheck::check(const channel::QuoteReply& quote,
                                     const base::ByteArray<64>& report_data,
                                     const attest::Tolerances& tolerances, int64_t now) const {
    bool is_simulated = quote.kind == channel::QuoteKind::Simulated;
    Evidence evidence = SCONE_TRY(is_simulated ? check_simulated(quote.quote, tolerances, now)
                                               : check_real(quote.quote, tolerances, now));
    if (!base::equal_bytes(evidence.report.report_data, report_data))
        return not_verified(is_simulated ? "Simulated" : "DCAP",
                            "The quote was made for another TLS key than that of this connection");
    return evidence;
}

Attested<Evidence> QuoteCheck::check_simulated(base::Bytes quote,
                                               const attest::Tolerances& tolerances,
                                               int64_t now) const {
    bool operator_allows = simulation_ == Simulation::InsecureAllowed;
    auto verified = attest::verify_simulated_quote(
        quote, operator_allows ? attest::AllowSimulation::Yes : attest::AllowSimulation::No,
        tolerances, now, &platforms_);
    if (verified)
        return Evidence{SimulatedPlatform{}, verified->report(), verified->qe_id()};
    ErrorChain chain = distrust("Simulated");
    chain.add(verified.error().text);
    if (!operator_allows)
        add_note(chain,
                 "The enclave runs on a simulated SGX processor, which protects nothing. "
                 "For testing, start CAS with --allow-simulation");
    else if (!tolerances.debug_mode)
        add_note(chain, as_policy_line("tolerate: [debug-mode]") +
                            " (sconify_image writes it for --allow-debug-mode)");
    return std::unexpected(std::move(chain));
}

Attested<Evidence> QuoteCheck::check_real(base::Bytes quote, const attest::Tolerances& tolerances,
                                          int64_t now) const {
    if (collateral_folder_.empty())
        return not_verified("DCAP",
                            "This CAS has no collateral to verify quotes of real enclaves with "
                            "(start it with --collateral DIR)");
    auto parsed = attest::parse_quote(quote);
    if (!parsed)
        return not_verified("DCAP", parsed.error().text);
    auto needed = attest::collateral_needed(*parsed, now, &platforms_);
    if (!needed)
        return not_verified("DCAP",
                            std::string(name_of(needed.error().code)) + ": " + needed.error().text);
    auto files = read_collateral(collateral_folder_, text::to_hex(needed->fmspc),
                                 needed->is_platform_ca ? "platform" : "processor");
    if (!files)
        return not_verified("DCAP", "collateral is missing: " + files.error().what);
    attest::Collateral collateral{files->tcb_info, files->qe_identity, files->chain,
                                  base::as_bytes(files->pck_crl), base::as_bytes(files->root_crl)};
    attest::VerificationRules rules;
    rules.time = now;
    auto verified = attest::verify_quote(quote, collateral, rules, &platforms_);
    if (!verified)
        return not_verified(
            "DCAP", std::string(name_of(verified.error().code)) + ": " + verified.error().text);
    if (verified->tee() != attest::Tee::Sgx)
        return not_verified("DCAP", "The quote is not that of an SGX enclave");
    auto tolerated = attest::check_tolerances(*verified, tolerances);
    if (tolerated)
        return Evidence{RealPlatform{verified->verdict()}, verified->sgx_report(),
                        verified->qe_id()};
    ErrorChain chain = distrust("DCAP");
    chain.add("The platform's state is not tolerated: " + describe(verified->verdict(), now));
    for (const attest::Shortcoming& shortcoming : tolerated.error())
        add_item(chain, shortcoming.what);
    for (const attest::Shortcoming& shortcoming : tolerated.error()) {
        if (!shortcoming.remedy.empty())
            add_note(chain, as_policy_line(shortcoming.remedy));
    }
    return std::unexpected(std::move(chain));
}

}  // namespace scone::cas
