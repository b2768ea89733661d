#include "lib/attest/tcb_status.h"

#include <array>

#include "lib/attest/error.h"

namespace scone::attest {
namespace {

constexpr std::array kStatusNames{
    "UpToDate",
    "SWHardeningNeeded",
    "ConfigurationNeeded",
    "ConfigurationAndSWHardeningNeeded",
    "OutOfDate",
    "OutOfDateConfigurationNeeded",
    "TDRelaunchAdvised",
    "TDRelaunchAdvisedConfigurationNeeded",
    "Revoked",
};
static_assert(kStatusNames.size() == static_cast<size_t>(TcbStatus::Revoked) + 1);

constexpr std::array kErrorNames{
    "QuoteTruncated",        "QuoteMalformed",      "QuoteUnsupported",
    "NoPckCertificate",      "PckChainInvalid",     "UntrustedRoot",
    "PckExtensionMalformed", "CrlInvalid",          "PckRevoked",
    "CollateralMalformed",   "CollateralSignature", "CollateralExpired",
    "CollateralMismatch",    "QeReportSignature",   "AttestationKeyBinding",
    "QeIdentityMismatch",    "QuoteSignature",      "TdxModuleMismatch",
    "TcbNotSupported",       "TcbRevoked",          "NotSimulated",
    "SimulationNotAllowed",  "ReportMac",           "Library",
};
static_assert(kErrorNames.size() == static_cast<size_t>(ErrorCode::Library) + 1);

}  // namespace

const char* name_of(TcbStatus status) {
    return kStatusNames[static_cast<size_t>(status)];
}
const char* name_of(ErrorCode code) {
    return kErrorNames[static_cast<size_t>(code)];
}

std::optional<TcbStatus> tcb_status_named(std::string_view name) {
    for (size_t i = 0; i < kStatusNames.size(); i++)
        if (name == kStatusNames[i])
            return static_cast<TcbStatus>(i);
    return std::nullopt;
}

TcbStatus converge(TcbStatus platform, TcbStatus enclave) {
    if (platform == TcbStatus::Revoked || enclave == TcbStatus::Revoked)
        return TcbStatus::Revoked;
    if (enclave != TcbStatus::OutOfDate)
        return platform;
    switch (platform) {
        case TcbStatus::UpToDate:
        case TcbStatus::SWHardeningNeeded:
        case TcbStatus::OutOfDate:
        case TcbStatus::TDRelaunchAdvised:
            return TcbStatus::OutOfDate;
        case TcbStatus::ConfigurationNeeded:
        case TcbStatus::ConfigurationAndSWHardeningNeeded:
        case TcbStatus::OutOfDateConfigurationNeeded:
        case TcbStatus::TDRelaunchAdvisedConfigurationNeeded:
            return TcbStatus::OutOfDateConfigurationNeeded;
        case TcbStatus::Revoked:
            break;
    }
    return TcbStatus::Revoked;
}

}  // namespace scone::attest
