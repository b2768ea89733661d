// SGX and TDX quotes: the bytes, taken apart and bounded. Nothing in a Quote is verified.
//
// Side:    hosted
// Layout:  48-byte header; body (SGX report 384, TD report 1.0 584, 1.5 648 bytes; version 5 puts a
//          6-byte descriptor before it); u32 size of the signature data; signature data
// Limits:  64 KiB in all. Zeros after the end are tolerated (quotes are often padded), others not.
// Errors:  QuoteTruncated, QuoteMalformed, QuoteUnsupported
// Source:  Intel DCAP ECDSA quote library reference, appendix A; TDX DCAP quoting API, A.3
#pragma once

#include <vector>

#include "lib/attest/error.h"
#include "lib/sgx/architecture.h"

namespace scone::attest {

inline constexpr size_t kMaxQuoteSize = size_t{64} * 1024;
inline constexpr size_t kQuoteHeaderSize = 48;
inline constexpr size_t kMaxAuthDataSize = 1024;

enum class Tee : uint32_t { Sgx = 0, Tdx = 0x81 };

enum class CertificationType : uint16_t {
    PpidPlain = 1,
    PpidRsa2048 = 2,
    PpidRsa3072 = 3,
    PckLeaf = 4,
    PckChain = 5,
    QeReport = 6,
    PlatformManifest = 7,
};

// Intel's quoting enclaves.
inline constexpr ByteArray<16> kIntelQeVendor{0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                              0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

// A TD report body; the 1.5 fields are zero in a 1.0 body.
struct TdReport {
    ByteArray<16> tee_tcb_svn;
    ByteArray<48> mr_signer_seam;
    ByteArray<8> seam_attributes;
    ByteArray<8> td_attributes;
    ByteArray<48> mr_td;
    ByteArray<48> mr_config_id;
    std::array<ByteArray<48>, 4> rtmr;
    ByteArray<64> report_data;
    bool is_version_1_5;
    ByteArray<16> tee_tcb_svn_2;
};

struct Quote {
    uint16_t version = 0;
    Tee tee = Tee::Sgx;
    ByteArray<16> qe_vendor_id{};
    ByteArray<20> user_data{};          // the first 16 bytes: the platform's quoting enclave id
    std::vector<uint8_t> signed_bytes;  // header and body, what the attestation key signs
    sgx::ReportBody sgx_report{};       // when tee is Sgx
    TdReport td_report{};               // when tee is Tdx
    ByteArray<64> signature{};
    ByteArray<64> attestation_key{};  // x || y
    ByteArray<384> qe_report_bytes{};
    ByteArray<64> qe_report_signature{};
    std::vector<uint8_t> auth_data;
    CertificationType certification_type = CertificationType::PckChain;
    std::vector<uint8_t> certification_data;

    ByteArray<16> qe_id() const;
    sgx::ReportBody qe_report() const;
};

Result<Quote> parse_quote(Bytes quote);

// Preconditions: 384 bytes.
sgx::ReportBody report_body_from(std::span<const uint8_t, 384> bytes);

}  // namespace scone::attest
