// Where a server listens or is found.
//
// Side:   host
// Errors: Usage (the text is not an address)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/text/failure.h"

namespace scone::net {

inline constexpr uint16_t kCasApiPort = 8081;
inline constexpr uint16_t kCasEnclavePort = 18765;
inline constexpr uint16_t kLasPort = 18766;

struct Endpoint {
    std::string host;  // a name, an IPv4 address, or an IPv6 address without brackets
    uint16_t port = 0;

    friend bool operator==(const Endpoint&, const Endpoint&) = default;
    // "host:port", IPv6 in brackets.
    std::string text() const;
};

// Reads "host", "host:port", "[v6]", "[v6]:port" and a bare IPv6 address; "https://" before and
// "/" behind are dropped. Without a port it is `default_port`. Port 0 lets the kernel choose.
text::Outcome<Endpoint> parse_endpoint(std::string_view text, uint16_t default_port);

}  // namespace scone::net
