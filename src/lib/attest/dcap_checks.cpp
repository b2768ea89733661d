#include "lib/attest/dcap_checks.h"

#include <algorithm>

#include "lib/crypto/hash.h"
#include "lib/crypto/signature.h"

namespace scone::attest {
namespace {

using crypto::Certificate;
using crypto::RevocationList;

// Narrows the time for which a verdict may be used, and applies the rule for expired collateral.
class Freshness {
  public:
    Freshness(const VerificationRules& rules, Verdict& verdict)
        : rules_(rules), verdict_(verdict) {}

    Result<void> add(int64_t issued, int64_t next_update, const char* expired_text) {
        if (issued > rules_.time)
            return error(ErrorCode::CollateralMismatch,
                         "collateral was issued after the time of the check",
                         static_cast<uint64_t>(issued));
        verdict_.collateral_issued = std::max(verdict_.collateral_issued, issued);
        if (verdict_.collateral_next_update == 0 || next_update < verdict_.collateral_next_update)
            verdict_.collateral_next_update = next_update;
        if (next_update >= rules_.time)
            return {};
        if (rules_.expired_collateral == ExpiredCollateral::Refuse)
            return error(ErrorCode::CollateralExpired, expired_text,
                         static_cast<uint64_t>(next_update));
        verdict_.collateral_expired = true;
        return {};
    }

  private:
    const VerificationRules& rules_;
    Verdict& verdict_;
};

Result<RevocationList> read_list(Bytes bytes) {
    bool is_pem = base::as_text(bytes).starts_with("-----BEGIN");
    auto list =
        is_pem ? RevocationList::from_pem(base::as_text(bytes)) : RevocationList::from_der(bytes);
    if (!list)
        return error(ErrorCode::CrlInvalid, list.error().text);
    return std::move(*list);
}

// A list by this issuer, signed, fresh; none of the certificates may stand on it.
Result<void> check_revocation(Bytes bytes, const Certificate& issuer,
                              const crypto::PublicKey& issuer_key,
                              std::initializer_list<const Certificate*> certificates,
                              Freshness& freshness) {
    RevocationList list = SCONE_TRY(read_list(bytes));
    if (!list.issued_by(issuer))
        return error(ErrorCode::CrlInvalid, "revocation list is another issuer's");
    if (!issuer.may_sign_revocations() || !list.check_signed_by(issuer_key))
        return error(ErrorCode::CrlInvalid, "revocation list is not signed by its issuer");
    if (list.next_update() == 0)
        return error(ErrorCode::CrlInvalid, "revocation list does not say when the next one comes");
    SCONE_TRY(freshness.add(list.this_update(), list.next_update(), "revocation list has expired"));
    for (const Certificate* certificate : certificates)
        if (list.lists(*certificate))
            return error(ErrorCode::PckRevoked,
                         "certificate of the platform or its issuer is revoked");
    return {};
}

Result<void> check_revocations(const Collateral& collateral, const VerificationRules& rules,
                               const TrustAnchor& anchor, const PckChain& chain,
                               const Certificate& tcb_signer, Freshness& freshness,
                               Verdict& verdict) {
    bool complete = !collateral.root_ca_crl.empty() && !collateral.pck_crl.empty();
    if (!complete && rules.missing_lists == MissingRevocationLists::Refuse)
        return error(ErrorCode::CrlInvalid,
                     "revocation list of the root or of the PCK CA is missing");
    verdict.revocation_checked = complete;
    if (!collateral.root_ca_crl.empty())
        SCONE_TRY(check_revocation(collateral.root_ca_crl, chain.root, anchor.root_key,
                                   {&chain.ca, &tcb_signer}, freshness));
    // 4.1.2.4.6 and .7
    if (!collateral.pck_crl.empty())
        SCONE_TRY(
            check_revocation(collateral.pck_crl, chain.ca, chain.ca_key, {&chain.leaf}, freshness));
    return {};
}

Result<std::string_view> check_document(std::string_view text, const char* name,
                                        const crypto::PublicKey& signer) {
    SignedDocument document = SCONE_TRY(split_signed_document(text, name));
    SCONE_TRY(check_document_signature(document, signer));
    return document.signed_bytes;
}

Result<TcbInfo> check_tcb_info(const Collateral& collateral, const crypto::PublicKey& signer,
                               Tee tee, const PckExtension& pck, Freshness& freshness) {
    TcbInfo info = SCONE_TRY(
        parse_tcb_info(SCONE_TRY(check_document(collateral.tcb_info, "tcbInfo", signer))));
    SCONE_TRY(
        freshness.add(info.validity.issue_date, info.validity.next_update, "TCB info has expired"));
    // 4.1.2.4.9
    if (info.tee != tee)
        return error(ErrorCode::CollateralMismatch, "TCB info is for another TEE than the quote");
    // 4.1.2.4.10
    if (info.fmspc != pck.fmspc)
        return error(ErrorCode::CollateralMismatch, "TCB info is for another FMSPC than the quote");
    if (info.pce_id != pck.pce_id)
        return error(ErrorCode::CollateralMismatch, "TCB info is for another PCE than the quote");
    return info;
}

Result<QeIdentity> check_qe_identity(const Collateral& collateral, const crypto::PublicKey& signer,
                                     Tee tee, Freshness& freshness) {
    QeIdentity identity = SCONE_TRY(parse_qe_identity(
        SCONE_TRY(check_document(collateral.qe_identity, "enclaveIdentity", signer))));
    SCONE_TRY(freshness.add(identity.validity.issue_date, identity.validity.next_update,
                            "QE identity has expired"));
    // 4.1.2.4.14
    if (identity.tee != tee)
        return error(ErrorCode::CollateralMismatch,
                     "QE identity is for another TEE than the quote");
    return identity;
}

void add_advisories(Verdict& verdict, const std::vector<std::string>& more) {
    for (const std::string& id : more)
        if (std::ranges::find(verdict.advisories, id) == verdict.advisories.end())
            verdict.advisories.push_back(id);
}

bool is_out_of_date(TcbStatus status) {
    return status == TcbStatus::OutOfDate || status == TcbStatus::OutOfDateConfigurationNeeded;
}

// 4.1.2.4.17: levels of platform, TDX module and QE, and their convergence.
Result<void> judge_tcb(const Quote& quote, const PckExtension& pck, const TcbInfo& info,
                       const IsvLevel& qe_level, Verdict& verdict) {
    const bool is_tdx = quote.tee == Tee::Tdx;
    const IsvLevel* module = is_tdx ? SCONE_TRY(match_tdx_module(info, quote.td_report)) : nullptr;
    const TcbLevel* level =
        SCONE_TRY(match_level(info, pck, is_tdx ? &quote.td_report.tee_tcb_svn : nullptr));
    verdict.platform_status = level->status;
    verdict.platform_advisories = level->advisories;
    verdict.tcb_date = level->tcb_date;
    verdict.qe_status = qe_level.status;
    add_advisories(verdict, level->advisories);
    verdict.status = level->status;
    if (module != nullptr) {
        verdict.tdx_module_status = module->status;
        verdict.status = converge(verdict.status, module->status);
        add_advisories(verdict, module->advisories);
        if (is_out_of_date(verdict.status) && module->status == TcbStatus::OutOfDate &&
            qe_level.status == TcbStatus::UpToDate &&
            relaunch_would_help(info, pck, quote.td_report))
            verdict.status = verdict.status == TcbStatus::OutOfDate
                                 ? TcbStatus::TDRelaunchAdvised
                                 : TcbStatus::TDRelaunchAdvisedConfigurationNeeded;
    }
    verdict.status = converge(verdict.status, qe_level.status);
    add_advisories(verdict, qe_level.advisories);
    if (verdict.status == TcbStatus::Revoked)
        return error(ErrorCode::TcbRevoked, "TCB level of platform, TDX module or QE is revoked");
    return {};
}

// 4.1.2.4.1 to .5
Result<CheckedPlatform> check_chain(const Quote& quote, const TrustAnchor& anchor, int64_t time) {
    if (quote.certification_type != CertificationType::PckChain)
        return error(ErrorCode::NoPckCertificate,
                     "quote carries no PCK certificate chain (certification data type 5)",
                     static_cast<uint64_t>(quote.certification_type));
    CheckedPlatform platform{
        SCONE_TRY(check_pck_chain(base::as_text(quote.certification_data), anchor, time)), {}, {}};
    for (const Certificate* certificate :
         {&platform.chain.leaf, &platform.chain.ca, &platform.chain.root})
        platform.window.narrow(certificate->not_before(), certificate->not_after());
    return platform;
}

// Everything that collateral says whichever quote of this platform it is used for.
Result<void> add_collateral(CheckedPlatform& platform, const Collateral& collateral, Tee tee,
                            const VerificationRules& rules, const TrustAnchor& anchor) {
    Verdict verdict;
    verdict.platform = platform.chain.extension;
    Freshness freshness(rules, verdict);
    Certificate signer =
        SCONE_TRY(check_tcb_signer(collateral.tcb_signing_chain, anchor, rules.time));
    auto signer_key = signer.public_key();
    if (!signer_key)
        return error(ErrorCode::CollateralSignature, signer_key.error().text);
    SCONE_TRY(
        check_revocations(collateral, rules, anchor, platform.chain, signer, freshness, verdict));
    TcbInfo info = SCONE_TRY(
        check_tcb_info(collateral, *signer_key, tee, platform.chain.extension, freshness));
    QeIdentity identity = SCONE_TRY(check_qe_identity(collateral, *signer_key, tee, freshness));
    verdict.tcb_evaluation_data_number = std::min(info.validity.tcb_evaluation_data_number,
                                                  identity.validity.tcb_evaluation_data_number);
    platform.window.narrow(signer.not_before(), signer.not_after());
    platform.window.narrow(verdict.collateral_issued, verdict.collateral_next_update);
    platform.collateral = {std::move(info), std::move(identity), std::move(verdict)};
    return {};
}

// The sizes keep the parts apart.
Result<PlatformCache::Key> cache_key(const Quote& quote, const Collateral& collateral,
                                     const TrustAnchor& anchor) {
    auto root = anchor.root_key.p256_point();
    if (!root)
        return error(ErrorCode::Library, root.error().text);
    const Bytes chain = quote.certification_data, tcb = base::as_bytes(collateral.tcb_info),
                qe = base::as_bytes(collateral.qe_identity),
                signers = base::as_bytes(collateral.tcb_signing_chain),
                pck_list = collateral.pck_crl, root_list = collateral.root_ca_crl;
    std::vector<uint8_t> head{static_cast<uint8_t>(quote.tee),
                              static_cast<uint8_t>(quote.certification_type)};
    for (Bytes part : {chain, tcb, qe, signers, pck_list, root_list})
        for (int shift = 0; shift < 64; shift += 8)
            head.push_back(static_cast<uint8_t>(uint64_t{part.size()} >> shift));
    return crypto::sha256_of_parts({head, *root, chain, tcb, qe, signers, pck_list, root_list});
}

Result<void> check_signatures(const Quote& quote, const PckChain& chain) {
    // 4.1.2.4.12
    if (!crypto::verify_p256_raw(chain.leaf_key, quote.qe_report_bytes, quote.qe_report_signature))
        return error(ErrorCode::QeReportSignature, "QE report is not signed by the PCK");
    // 4.1.2.4.13
    ByteArray<64> bound{};
    base::copy_bytes(bound, crypto::sha256_of_parts({quote.attestation_key, quote.auth_data}));
    if (quote.qe_report().report_data != bound)
        return error(ErrorCode::AttestationKeyBinding,
                     "QE report does not name the attestation key");
    // 4.1.2.4.16
    auto key = crypto::PublicKey::from_p256_point(quote.attestation_key);
    if (!key)
        return error(ErrorCode::QuoteMalformed, "attestation key is not a point of P-256");
    if (!crypto::verify_p256_raw(*key, quote.signed_bytes, quote.signature))
        return error(ErrorCode::QuoteSignature, "quote is not signed by the attestation key");
    return {};
}

using Platform = std::shared_ptr<const CheckedPlatform>;

Result<Platform> checked_chain(const Quote& quote, const TrustAnchor& anchor, int64_t time,
                               PlatformCache* cache) {
    std::optional<PlatformCache::Key> key;
    if (cache != nullptr) {
        key = SCONE_TRY(cache_key(quote, {}, anchor));
        if (Platform kept = cache->find(*key, time))
            return kept;
    }
    auto made =
        std::make_shared<const CheckedPlatform>(SCONE_TRY(check_chain(quote, anchor, time)));
    if (key)
        cache->keep(*key, made);
    return made;
}

bool is_strict(const VerificationRules& rules) {
    return rules.expired_collateral == ExpiredCollateral::Refuse &&
           rules.missing_lists == MissingRevocationLists::Refuse;
}

Result<Verdict> judge(const Quote& quote, const CheckedPlatform& platform) {
    const CheckedCollateral& collateral = *platform.collateral;
    Verdict verdict = collateral.verdict;
    // 4.1.2.4.15
    const IsvLevel* qe_level = SCONE_TRY(match_qe(collateral.qe_identity, quote.qe_report()));
    SCONE_TRY(judge_tcb(quote, platform.chain.extension, collateral.tcb_info, *qe_level, verdict));
    return verdict;
}

}  // namespace

Result<PckChain> check_quote_chain(const Quote& quote, const TrustAnchor& anchor, int64_t time,
                                   PlatformCache* cache) {
    return SCONE_TRY(checked_chain(quote, anchor, time, cache))->chain;
}

Result<PckChain> check_quote_signatures(const Quote& quote, const TrustAnchor& anchor, int64_t time,
                                        PlatformCache* cache) {
    Platform platform = SCONE_TRY(checked_chain(quote, anchor, time, cache));
    SCONE_TRY(check_signatures(quote, platform->chain));
    return platform->chain;
}

Result<Verdict> check_quote(const Quote& quote, const Collateral& collateral,
                            const VerificationRules& rules, const TrustAnchor& anchor,
                            PlatformCache* cache) {
    std::optional<PlatformCache::Key> key;
    if (cache != nullptr && is_strict(rules)) {
        key = SCONE_TRY(cache_key(quote, collateral, anchor));
        if (Platform kept = cache->find(*key, rules.time)) {
            SCONE_TRY(check_signatures(quote, kept->chain));
            return judge(quote, *kept);
        }
    }
    auto platform = std::make_shared<CheckedPlatform>(
        *SCONE_TRY(checked_chain(quote, anchor, rules.time, cache)));
    SCONE_TRY(check_signatures(quote, platform->chain));
    SCONE_TRY(add_collateral(*platform, collateral, quote.tee, rules, anchor));
    if (key)
        cache->keep(*key, platform);
    return judge(quote, *platform);
}

}  // namespace scone::attest
