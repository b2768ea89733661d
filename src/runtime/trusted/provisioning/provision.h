// How an enclave gets its configuration: a key, a quote over it, an attested channel to CAS.
//
// Side:    hosted; linked only into the enclave (and into its test). No file access, no
// environment,
//          no sockets, no threads: everything from outside comes through the tables in
//          Surroundings.
// Errors:  an ErrorChain, outermost cause first, ready for print_error_chain; every failure has one
// Threads: one at a time, under the runtime's lock of this layer
// Source:  docs/formats/enclave-protocol.md
//
// HOST: the transports and the time are the host's. It can end, delay or change what passes;
// changed bytes are noticed by TLS (CAS) or by CAS's check of the quote (LAS). The pin decides whom
// the enclave speaks to, not the address and not the time.
#pragma once

#include <string>

#include "lib/channel/connection.h"

namespace scone::provisioning {

using channel::ErrorChain;
template <class T>
using Result = base::Result<T, ErrorChain>;

// EREPORT. False when the leaf function refused.
struct ReportFunction {
    void* context = nullptr;
    bool (*make)(void* context, std::span<const uint8_t, channel::kTargetInfoSize> target_info,
                 std::span<const uint8_t, 64> report_data,
                 std::span<uint8_t, channel::kReportSize> report) = nullptr;
};

// A line for the runtime's log at level DEBUG; may be empty.
struct LogFunction {
    void* context = nullptr;
    void (*line)(void* context, const char* text) = nullptr;
};

struct Surroundings {
    channel::Transport las;  // connected
    channel::Transport cas;  // connected
    ReportFunction report;
    LogFunction log;
    int64_t time = 0;  // seconds since 1970, the host's
};

struct ProvisionRequest {
    std::string config_id;  // [NAMESPACE/]SESSION/SERVICE[@OTP]
    channel::SecretBytes service_access_token;
    channel::CasPin pin;
    std::string cas_server_name = channel::kCasServerName;  // sent as SNI
    std::string runtime = "scone-runtime";                  // name and version, for CAS's log
};

// The attested connection, kept for tags, leases and the exit status.
class CasSession {
  public:
    explicit CasSession(channel::Connection connection) : connection_(std::move(connection)) {}

    // Returns when CAS has stored the new tag durably.
    Result<void> update_tag(const channel::TagUpdate& update);
    // For how many seconds CAS grants the configuration from now on.
    Result<uint64_t> renew_lease();
    // The service ends. The connection is closed whatever the answer.
    Result<void> report_exit(uint64_t status, uint64_t signal);
    void close() { connection_.close(); }

  private:
    friend Result<struct Provisioned> provision(const Surroundings&, const ProvisionRequest&);
    Result<channel::SecretBytes> call(channel::Result<channel::SecretBytes> message,
                                      channel::MessageType answer, const char* doing);

    channel::Connection connection_;
};

struct Provisioned {
    channel::Configuration configuration;
    CasSession cas;
};

// Preconditions: prepare_cryptography() was called once in this enclave.
Result<Provisioned> provision(const Surroundings& surroundings, const ProvisionRequest& request);

}  // namespace scone::provisioning
