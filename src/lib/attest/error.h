// What the functions of lib/attest report. Each code is one reason to refuse evidence; none of them
// can be tolerated. What a policy may tolerate is in the verdict, see tolerances.h.
//
// Side: hosted
#pragma once

#include "lib/base/bytes.h"
#include "lib/base/result.h"

namespace scone::attest {

enum class ErrorCode : uint8_t {
    QuoteTruncated,         // number: bytes that were needed
    QuoteMalformed,         // a length or count inside contradicts another
    QuoteUnsupported,       // version, key type, TEE or body that is not known; number: the value
    NoPckCertificate,       // the quote carries no certificates; number: its certification type
    PckChainInvalid,        // certificates missing, wrong names, constraints, validity, signature
    UntrustedRoot,          // the chain does not end at the trusted root
    PckExtensionMalformed,  // number: offset
    CrlInvalid,             // malformed, another issuer, bad signature, out of date, or missing
    PckRevoked,             // the PCK certificate, its CA or the TCB signer is revoked
    CollateralMalformed,    // JSON or a field of TCB info or QE identity; the text names the field
    CollateralSignature,    // signature or signing chain of TCB info or QE identity
    CollateralExpired,      // number: its next update, seconds since 1970
    CollateralMismatch,     // for another TEE, FMSPC or PCE
    QeReportSignature,      // not signed by the PCK
    AttestationKeyBinding,  // the QE's report does not name the attestation key
    QeIdentityMismatch,     // the quoting enclave is not Intel's
    QuoteSignature,         // not signed by the attestation key
    TdxModuleMismatch,      // signer, attributes or version of the TDX module
    TcbNotSupported,        // older than every level of the TCB info or QE identity
    TcbRevoked,             // a matched level is Revoked
    NotSimulated,           // not a quote under the simulation root
    SimulationNotAllowed,   // the operator or the policy does not accept simulated enclaves
    ReportMac,              // a local report was not made for this quoting enclave and machine
    Library,                // OpenSSL failed: memory, entropy
};

using Error = base::ErrorOf<ErrorCode>;
template <class T>
using Result = base::Result<T, Error>;

using base::ByteArray;
using base::Bytes;

inline std::unexpected<Error> error(ErrorCode code, const char* text, uint64_t number = 0) {
    return std::unexpected(Error{code, text, number});
}

// "PckRevoked", for messages and logs.
const char* name_of(ErrorCode code);

}  // namespace scone::attest
