// The messages of the enclave protocol.
//
// Side:    hosted
// Layout:  docs/formats/enclave-protocol.md, sections 3 (LAS) and 4 (CAS)
// Errors:  of every decode_...: Malformed, TooLarge (a limit below), UnknownField, MissingField
// Threads: pure functions
//
// encode() gives the whole frame; decode_...() takes a frame's payload. An enclave talks to LAS:
//   LasHello -> LasTarget; QuoteRequest -> QuoteReply
// and, over TLS with the key that the quote binds, to CAS:
//   EnclaveHello -> EnclaveHelloDone; ConfigurationRequest -> Configuration;
//   TagUpdate -> TagStored; Lease -> LeaseGranted; Exit -> ExitNoted
// ErrorChain may stand in place of any answer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/channel/frame.h"

namespace scone::channel {

using crypto::SecretBytes;

inline constexpr size_t kReportSize = 432;
inline constexpr size_t kTargetInfoSize = 512;
inline constexpr size_t kMaxQuoteSize = size_t{64} * 1024;
inline constexpr size_t kMaxQuotes = 4;
inline constexpr size_t kMaxConfigIdSize = 1024;  // session names may have 512 bytes
inline constexpr size_t kMaxTextSize = 4096;
inline constexpr size_t kMaxValueSize = size_t{4} << 20;  // an argument, variable or file
inline constexpr size_t kMaxListCount = 4096;             // of arguments, variables, files, secrets
inline constexpr size_t kMaxCauses = 64;

// --- with LAS ---

enum class QuoteKind : uint16_t { Dcap = 1, Simulated = 2 };

struct LasHello {
    std::string client;  // name and version, for the log
};
struct LasTarget {
    QuoteKind kind = QuoteKind::Simulated;
    ByteArray<kTargetInfoSize> target_info{};  // for the caller's EREPORT
    ByteArray<16> qe_id{};                     // the platform's id in policies
    std::string las;                           // name and version, for the log
};
struct QuoteRequest {
    ByteArray<kReportSize> report{};
};
struct QuoteReply {
    QuoteKind kind = QuoteKind::Simulated;
    std::vector<uint8_t> quote;
};

// --- with CAS ---

struct EnclaveHello {
    std::vector<QuoteReply> quotes;  // one of them must satisfy the policy
    std::string runtime;             // name and version, for the log
};
struct EnclaveHelloDone {
    std::string cas;  // name and version
};
struct ConfigurationRequest {
    std::string config_id;  // [namespace/]session/service, with "@OTP" where one is given
    SecretBytes service_access_token;
};

struct EnvironmentVariable {
    std::string name;
    SecretBytes value;
};
struct InjectedFile {
    std::string path;
    SecretBytes content;
    uint32_t mode = 0444;
};
// A file of the service's own tree whose placeholders the runtime replaces.
struct FileTemplate {
    std::string path;
    uint32_t mode = 0444;
};
// The value of a secret that the runtime puts into templates of the file system.
struct ProvidedSecret {
    std::string name;
    std::string kind;  // as in the session language: ascii, binary, private-key, x509, ...
    SecretBytes value;
    SecretBytes private_key;  // x509 only: PKCS#8 PEM
    SecretBytes chain;        // x509 only: PEM of the issuers
};
enum class RollbackPolicy : uint8_t { Protected, NoProtection };
struct ProtectedTree {
    std::string fspf_path;  // where the fspf file lies in the service's own view
    base::Secret<32> key;
    std::optional<ByteArray<16>> tag;  // absent: any state (NoProtection), or not made yet
    RollbackPolicy rollback = RollbackPolicy::Protected;
};
struct ConfiguredVolume {
    std::string name;
    std::string mount_path;
    ProtectedTree tree;
};
// A SCONE_ setting that counts only when the policy names it: SCONE_ALLOW_DLOPEN, SCONE_PIPE, ...
struct RuntimeSetting {
    std::string name;
    std::string value;
};
struct Configuration {
    std::vector<SecretBytes> arguments;  // argv[0] first; "@@N" is left to the runtime
    std::vector<EnvironmentVariable> environment;
    std::string working_directory = "/";
    std::optional<ProtectedTree> root;
    std::vector<ConfiguredVolume> volumes;
    std::vector<InjectedFile> injected_files;
    std::vector<FileTemplate> templates;
    std::vector<ProvidedSecret> secrets;
    std::vector<RuntimeSetting> runtime_settings;
    std::string session_hash;  // 64 hex digits, for the log
};

struct TagUpdate {
    std::string volume;  // empty: the root tree
    ByteArray<16> old_tag{};
    ByteArray<16> new_tag{};
};
struct TagStored {};
struct Lease {};
struct LeaseGranted {
    uint64_t seconds = 0;
};
struct Exit {
    uint64_t status = 0;
    uint64_t signal = 0;
};
struct ExitNoted {};

// Causes, outermost first. CAS writes them; to the enclave's owner they are a hint, not evidence.
enum class CauseKind : uint8_t { CausedBy, Item, Note };
struct Cause {
    CauseKind kind = CauseKind::CausedBy;
    uint8_t depth = 0;  // extra indentation, at most 8
    std::string text;
};
struct ErrorChain {
    std::vector<Cause> causes;

    ErrorChain& add(std::string text, uint8_t depth = 0) {
        causes.push_back({CauseKind::CausedBy, depth, std::move(text)});
        return *this;
    }
};
// Lines "  Caused by: ...", "  Error 1 of 2: ..." (items), "  Note: ..."; each ends with a newline.
// Control characters and bytes that are not UTF-8 are shown as '?'.
std::string print_error_chain(const ErrorChain& chain);

Result<SecretBytes> encode(const LasHello& message);
Result<SecretBytes> encode(const LasTarget& message);
Result<SecretBytes> encode(const QuoteRequest& message);
Result<SecretBytes> encode(const QuoteReply& message);
Result<SecretBytes> encode(const EnclaveHello& message);
Result<SecretBytes> encode(const EnclaveHelloDone& message);
Result<SecretBytes> encode(const ConfigurationRequest& message);
Result<SecretBytes> encode(const Configuration& message);
Result<SecretBytes> encode(const TagUpdate& message);
Result<SecretBytes> encode(const TagStored& message);
Result<SecretBytes> encode(const Lease& message);
Result<SecretBytes> encode(const LeaseGranted& message);
Result<SecretBytes> encode(const Exit& message);
Result<SecretBytes> encode(const ExitNoted& message);
Result<SecretBytes> encode(const ErrorChain& message);

Result<LasHello> decode_las_hello(Bytes payload);
Result<LasTarget> decode_las_target(Bytes payload);
Result<QuoteRequest> decode_quote_request(Bytes payload);
Result<QuoteReply> decode_quote_reply(Bytes payload);
Result<EnclaveHello> decode_enclave_hello(Bytes payload);
Result<EnclaveHelloDone> decode_enclave_hello_done(Bytes payload);
Result<ConfigurationRequest> decode_configuration_request(Bytes payload);
Result<Configuration> decode_configuration(Bytes payload);
Result<TagUpdate> decode_tag_update(Bytes payload);
Result<LeaseGranted> decode_lease_granted(Bytes payload);
Result<Exit> decode_exit(Bytes payload);
// TagStored, Lease and ExitNoted have no fields.
Result<void> decode_empty(Bytes payload);
Result<ErrorChain> decode_error_chain(Bytes payload);

}  // namespace scone::channel
