// LAS's side of the enclave protocol: hello -> target info; report -> quote or error.
//
// Side:    host
// Limits:  frames of at most 4 KiB, 16 quotes per connection
// Source:  docs/formats/enclave-protocol.md, section 3
#pragma once

#include <functional>

#include "services/las/quoting_backend.h"
#include "services/net/protocol.h"

namespace scone::las {

inline constexpr uint32_t kMaxRequestSize = 4096;
inline constexpr int kMaxQuotesPerConnection = 16;

using LogLine = std::function<void(const std::string&)>;

// `backend` must outlive the protocols made.
net::MakeProtocol quote_service(const QuotingBackend& backend, std::string las_name, LogLine log);

}  // namespace scone::las
