// Intel's signed JSON documents: {"<name>": {...}, "signature": "<128 hex digits>"}. The signature
// covers the exact bytes of the inner object, so these are kept and never written anew.
//
// Side:    hosted
// Limits:  1 MiB, 16 levels of nesting
// Errors:  CollateralMalformed (the text names the field), CollateralSignature, CollateralExpired
// Source:  Intel PCS API v4, "Get TCB Info", "Get QE Identity"
#pragma once

#include <string_view>
#include <vector>

#include "lib/attest/error.h"
#include "lib/attest/tcb_status.h"
#include "lib/crypto/key.h"
#include "lib/text/json.h"

namespace scone::attest {

inline constexpr size_t kMaxTcbLevels = 128;
inline constexpr size_t kMaxAdvisories = 128;

struct SignedDocument {
    std::string_view signed_bytes;  // into the caller's text
    ByteArray<64> signature;
};

// Finds both members. `name` is "tcbInfo" or "enclaveIdentity".
Result<SignedDocument> split_signed_document(std::string_view text, const char* name);
Result<void> check_document_signature(const SignedDocument& document,
                                      const crypto::PublicKey& signer);

// What TCB info and QE identity have in common.
struct Validity {
    int64_t issue_date = 0;
    int64_t next_update = 0;
    uint64_t tcb_evaluation_data_number = 0;
};
// A level of an enclave in the trusted base: QE or TDX module.
struct IsvLevel {
    uint16_t isv_svn = 0;
    TcbStatus status = TcbStatus::Revoked;
    std::vector<std::string> advisories;
};

// Readers of fields. Each fails with CollateralMalformed and `text`, which names the field.
Result<text::Json> parse_inner(std::string_view signed_bytes);
Result<uint64_t> number_field(const text::Json& object, const char* key, uint64_t limit,
                              const char* text);
Result<int64_t> time_field(const text::Json& object, const char* key, const char* text);
Result<std::string_view> text_field(const text::Json& object, const char* key, const char* text);
// Exactly N bytes in hexadecimal digits of either case.
template <size_t N>
Result<ByteArray<N>> hex_field(const text::Json& object, const char* key, const char* text);
Result<TcbStatus> status_field(const text::Json& level);
// Absent counts as empty.
Result<std::vector<std::string>> advisories_field(const text::Json& level);
// Highest isvsvn first.
Result<std::vector<IsvLevel>> isv_levels_field(const text::Json& object);
Result<Validity> validity_fields(const text::Json& object);

// "2025-06-06T11:42:29Z" in seconds since 1970; nullopt for anything else.
std::optional<int64_t> parse_utc_time(std::string_view text);
// The other way.
std::string format_utc_time(int64_t time);

}  // namespace scone::attest
