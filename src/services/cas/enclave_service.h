// What CAS says on the enclave port.
//
// Side:    host
// Threads: sessions of several connections run at once; one connection's calls come one by one
// Source:  docs/formats/enclave-protocol.md
#pragma once

#include <string>

#include "services/cas/audit_log.h"
#include "services/cas/metrics.h"
#include "services/cas/one_time_password.h"
#include "services/cas/quote_check.h"
#include "services/cas/session_service.h"
#include "services/net/frame_server.h"

namespace scone::cas {

// Nothing that an enclave sends is larger.
inline constexpr uint32_t kMaxEnclaveFrame = 512 * 1024;

struct EnclaveContext {
    SessionRepository& sessions;
    SessionService& service;
    AuditLog& audit;
    Metrics& metrics;
    QuoteCheck& quotes;
    OneTimePasswords& one_time_passwords;
    std::string version;  // name and version, for the enclave's log
};

// `context` must outlive the sessions.
net::MakeFrameSession serve_enclaves(EnclaveContext& context);

}  // namespace scone::cas
