#include "services/cas/metrics.h"

#include "services/net/tls_listener.h"

namespace scone::cas {
namespace {

void describe(std::string& out, const char* name, const char* type, const char* help) {
    out.append("# HELP ").append(name).append(" ").append(help);
    out.append("\n# TYPE ").append(name).append(" ").append(type) += '\n';
}

void counter(std::string& out, const char* name, const char* help, uint64_t value) {
    describe(out, name, "counter", help);
    out.append(name).append(" ").append(std::to_string(value)) += '\n';
}

void listener(std::string& out, const char* port, const net::ListenerCounters& counters) {
    auto line = [&](const char* name, uint64_t value) {
        out.append(name).append("{port=\"").append(port).append("\"} ");
        out.append(std::to_string(value)) += '\n';
    };
    line("scone_cas_connections_total", counters.accepted);
    line("scone_cas_connections_limited_total", counters.refused_by_limit);
    line("scone_cas_handshakes_failed_total", counters.failed_handshakes);
    line("scone_cas_connections_timed_out_total", counters.timeouts);
    line("scone_cas_connections_open", static_cast<uint64_t>(counters.open.load()));
}

}  // namespace

std::string prometheus_text(const Metrics& metrics, const net::ListenerCounters& api,
                            const net::ListenerCounters& enclaves) {
    std::string out;
    counter(out, "scone_cas_sessions_created_total", "Sessions created.", metrics.sessions_created);
    counter(out, "scone_cas_sessions_updated_total", "Sessions updated.", metrics.sessions_updated);
    counter(out, "scone_cas_sessions_read_total", "Sessions read.", metrics.sessions_read);
    counter(out, "scone_cas_api_refused_total", "Calls answered with status 4xx or 501.",
            metrics.api_refused);
    counter(out, "scone_cas_api_failed_total", "Calls answered with status 500.",
            metrics.api_failed);
    counter(out, "scone_cas_services_attested_total", "Services attested and configured.",
            metrics.services_attested);
    counter(out, "scone_cas_services_refused_total", "Services refused.", metrics.services_refused);
    counter(out, "scone_cas_tag_updates_total", "Volume tags stored.", metrics.tag_updates);
    counter(out, "scone_cas_attestation_microseconds_total",
            "Time spent in attesting and configuring services.", metrics.attestation_micros);
    listener(out, "api", api);
    listener(out, "enclave", enclaves);
    return out;
}

}  // namespace scone::cas
