// Counters of the server as Prometheus text.
//
// Side:    host
// Threads: safe
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace scone::net {
struct ListenerCounters;
}

namespace scone::cas {

struct Metrics {
    std::atomic<uint64_t> sessions_created = 0;
    std::atomic<uint64_t> sessions_updated = 0;
    std::atomic<uint64_t> sessions_read = 0;
    std::atomic<uint64_t> api_refused = 0;
    std::atomic<uint64_t> api_failed = 0;  // CAS's own fault: status 500
    std::atomic<uint64_t> services_attested = 0;
    std::atomic<uint64_t> services_refused = 0;
    std::atomic<uint64_t> tag_updates = 0;
    std::atomic<uint64_t> attestation_micros = 0;  // handler time of all configuration requests
};

std::string prometheus_text(const Metrics& metrics, const net::ListenerCounters& api,
                            const net::ListenerCounters& enclaves);

}  // namespace scone::cas
