// TCB info: which security versions of a platform are current, and what is wrong with the others.
//
// Side:    hosted
// Errors:  CollateralMalformed (the text names the field), TcbNotSupported, TdxModuleMismatch
// Source:  Intel PCS API v3 (TCB info version 2) and v4 (version 3)
#pragma once

#include "lib/attest/pck_extension.h"
#include "lib/attest/quote.h"
#include "lib/attest/signed_json.h"

namespace scone::attest {

struct TcbLevel {
    ByteArray<16> sgx_components{};
    ByteArray<16> tdx_components{};  // zeros unless the document is for TDX
    uint16_t pce_svn = 0;
    TcbStatus status = TcbStatus::Revoked;
    int64_t tcb_date = 0;
    std::vector<std::string> advisories;
};

struct TdxModule {
    ByteArray<48> mr_signer{};
    ByteArray<8> attributes{};
    ByteArray<8> attributes_mask{};
};
struct TdxModuleIdentity {
    uint8_t version = 0;  // of "TDX_03"
    TdxModule module;
    std::vector<IsvLevel> levels;  // highest first
};

struct TcbInfo {
    Tee tee = Tee::Sgx;
    Validity validity;
    ByteArray<6> fmspc{};
    ByteArray<2> pce_id{};
    std::vector<TcbLevel> levels;  // highest first
    TdxModule tdx_module;
    std::vector<TdxModuleIdentity> tdx_module_identities;
};

// `signed_bytes`: the inner object of {"tcbInfo": ...}.
Result<TcbInfo> parse_tcb_info(std::string_view signed_bytes);

// The first level that the platform reaches in every component. `tee_tcb_svn` for TDX only.
// TcbNotSupported when there is none.
Result<const TcbLevel*> match_level(const TcbInfo& info, const PckExtension& pck,
                                    const ByteArray<16>* tee_tcb_svn);

// The module's own level (QVL 4.1.2.4.11); nullptr when the module is of the first version, which
// has none.
Result<const IsvLevel*> match_tdx_module(const TcbInfo& info, const TdReport& report);

// QVL 4.1.2.5.1.20: the TD was started under an older module than runs now, and the one now loaded
// reaches the newest level: a relaunch would leave nothing out of date.
bool relaunch_would_help(const TcbInfo& info, const PckExtension& pck, const TdReport& report);

}  // namespace scone::attest
