#include "services/net/endpoint.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace scone::net {
namespace {

using text::ExitCode;
using text::failure;

std::optional<uint16_t> parse_port(std::string_view text) {
    uint16_t port = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return port;
}

bool is_host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == ':' || c == '%';
}

// Of an address without its zone ("%eth0").
bool is_ipv6_character(char c) {
    return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') || c == ':' ||
           c == '.';
}

}  // namespace

std::string Endpoint::text() const {
    std::string port_text = std::to_string(port);
    return host.find(':') == std::string::npos ? host + ":" + port_text
                                               : "[" + host + "]:" + port_text;
}

text::Outcome<Endpoint> parse_endpoint(std::string_view given, uint16_t default_port) {
    std::string_view rest = given;
    if (rest.starts_with("https://"))
        rest.remove_prefix(8);
    if (rest.ends_with('/'))
        rest.remove_suffix(1);
    auto refuse = [&] {
        return failure(ExitCode::Usage,
                       "'" + std::string(given) + "' is not an address like host:port");
    };
    std::string_view host = rest;
    std::string_view port_text;
    bool has_port = false;
    if (rest.starts_with('[')) {
        size_t close = rest.find(']');
        if (close == std::string_view::npos)
            return refuse();
        host = rest.substr(1, close - 1);
        std::string_view behind = rest.substr(close + 1);
        if (!behind.empty() && behind.front() != ':')
            return refuse();
        has_port = !behind.empty();
        port_text = has_port ? behind.substr(1) : behind;
    } else if (std::ranges::count(rest, ':') == 1) {
        size_t colon = rest.find(':');
        host = rest.substr(0, colon);
        port_text = rest.substr(colon + 1);
        has_port = true;
    }
    // More than one colon: an IPv6 address, which a name is not.
    if (std::ranges::count(host, ':') > 0 &&
        !std::ranges::all_of(host.substr(0, host.find('%')), is_ipv6_character))
        return refuse();
    std::optional<uint16_t> port = has_port ? parse_port(port_text) : default_port;
    if (host.empty() || host.size() > 253 || !std::ranges::all_of(host, is_host_character) || !port)
        return refuse();
    return Endpoint{std::string(host), *port};
}

}  // namespace scone::net
