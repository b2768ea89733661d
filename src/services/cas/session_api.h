// CAS's client API: paths, JSON in and out.
//
// Side:    host
// Threads: the handler is safe
// Source:  docs/formats/cas-api.md
#pragma once

#include <string>

#include "services/cas/metrics.h"
#include "services/cas/session_service.h"
#include "services/net/http_server.h"

namespace scone::cas {

struct ApiContext {
    SessionService& sessions;
    Metrics& metrics;
    std::string version;    // "0.1.0"
    std::string key_hash;   // of CAS's root key
    std::string chain_pem;  // TLS certificate, cas-instance, cas
};

// `context` must outlive the handler.
net::HttpHandler make_session_api(const ApiContext& context);

}  // namespace scone::cas
