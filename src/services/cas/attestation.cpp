#include "services/cas/attestation.h"

#include <algorithm>

#include "lib/sgx/debug_signer.h"
#include "lib/text/hex.h"

namespace scone::cas {

channel::ErrorChain distrust(const char* kind) {
    channel::ErrorChain chain;
    chain.add(std::string(kind) + " quote verification failed");
    chain.add("Failed to verify " + std::string(kind) + " report");
    chain.add("The program enclave is not trustworthy");
    return chain;
}

namespace {

using channel::ErrorChain;
using policy::AttestationVariant;
using text::to_hex;

ErrorChain begin_chain(const Evidence& evidence) {
    return distrust(evidence.is_simulated() ? "Simulated" : "DCAP");
}

// What is wrong with the enclave's measurement; empty when one of `wanted` holds.
void check_mrenclave(const sgx::ReportBody& report, const std::vector<base::ByteArray<32>>& wanted,
                     std::vector<std::string>& problems) {
    if (std::ranges::find(wanted, report.mr_enclave) != wanted.end())
        return;
    for (const auto& measurement : wanted)
        problems.push_back("Unexpected enclave measurement (MRENCLAVE, " +
                           to_hex(report.mr_enclave) + ") - Expected " + to_hex(measurement));
}

void check_signer(const sgx::ReportBody& report, const policy::SignerFactor& wanted,
                  std::vector<std::string>& problems) {
    if (is_public_signer(wanted.mrsigner))
        problems.push_back("The policy names the signer " + to_hex(wanted.mrsigner) +
                           ", whose private key is public: everybody can sign with it");
    if (report.mr_signer != wanted.mrsigner)
        problems.push_back("Unexpected enclave signer (MRSIGNER, " + to_hex(report.mr_signer) +
                           ") - Expected " + to_hex(wanted.mrsigner));
    if (report.isv_prod_id != wanted.isvprodid)
        problems.push_back("Unexpected product (ISVPRODID, " + std::to_string(report.isv_prod_id) +
                           ") - Expected " + std::to_string(wanted.isvprodid));
    uint16_t svn = report.isv_svn;
    auto complain = [&](const char* relation, uint16_t limit) {
        problems.push_back("Unexpected version (ISVSVN, " + std::to_string(svn) + ") - Expected " +
                           relation + std::to_string(limit));
    };
    if (wanted.isvsvn && svn != *wanted.isvsvn)
        complain("", *wanted.isvsvn);
    if (wanted.isvsvn_min && svn < *wanted.isvsvn_min)
        complain("at least ", *wanted.isvsvn_min);
    if (wanted.isvsvn_max && svn > *wanted.isvsvn_max)
        complain("at most ", *wanted.isvsvn_max);
}

// Problems with one variant; a variant without any factor never holds.
std::vector<std::string> check_variant(const sgx::ReportBody& report,
                                       const AttestationVariant& variant) {
    std::vector<std::string> problems;
    if (!variant.mrenclaves && !variant.signer)
        problems.push_back("The policy names no property of the enclave");
    if (variant.mrenclaves)
        check_mrenclave(report, *variant.mrenclaves, problems);
    if (variant.mrenclaves && variant.mrenclaves->empty())
        problems.push_back("The policy names no measurement (MRENCLAVE)");
    if (variant.signer)
        check_signer(report, *variant.signer, problems);
    return problems;
}

Attested<void> check_properties(const Evidence& evidence, const AttestationDemand& demand) {
    std::vector<std::string> all;
    for (const AttestationVariant& variant : demand.variants) {
        std::vector<std::string> problems = check_variant(evidence.report, variant);
        if (problems.empty())
            return {};
        all.insert(all.end(), problems.begin(), problems.end());
    }
    ErrorChain chain = begin_chain(evidence);
    chain.add("None of the required enclave properties are met by the enclave", 1);
    if (demand.variants.empty())
        chain.add("The policy names no property of the enclave", 1);
    // The frame has a limit of causes; a policy may list more measurements.
    constexpr size_t kMaxItems = 32;
    if (all.size() == 1)
        chain.add(all.front(), 1);
    for (size_t i = 0; all.size() > 1 && i < all.size() && i < kMaxItems; ++i)
        add_item(chain, "Error " + std::to_string(i + 1) + " of " + std::to_string(all.size()) +
                            ": " + all[i]);
    return std::unexpected(std::move(chain));
}

Attested<void> check_platform(const Evidence& evidence, const AttestationDemand& demand) {
    if (demand.platforms.empty())
        return {};
    std::string id = "INTEL_QE_ID:" + to_hex(evidence.qe_id);
    if (std::ranges::find(demand.platforms, id) != demand.platforms.end())
        return {};
    ErrorChain chain = begin_chain(evidence);
    chain.add("The platform " + id + " is not one of the service's `platforms`");
    return std::unexpected(std::move(chain));
}

}  // namespace

bool is_public_signer(const sgx::Measurement256& mrsigner) {
    // SCONE's debug signer, found in its public images.
    static constexpr const char* kSconeDebugSigner =
        "11c4e150b76c2b145f7fadb6c30455e1046b9e6fbb75b49c6e13341ad8acc5bd";
    return mrsigner == sgx::kDebugKeyMrsigner || to_hex(mrsigner) == kSconeDebugSigner;
}

Attested<void> check_enclave(const Evidence& evidence, const AttestationDemand& demand) {
    SCONE_TRY(check_properties(evidence, demand));
    return check_platform(evidence, demand);
}

}  // namespace scone::cas
