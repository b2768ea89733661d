// HTTP requests and replies as the server's handlers and the client see them: whole messages.
//
// Side: host
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/crypto/x509.h"

namespace scone::net {

using HttpFields = std::vector<std::pair<std::string, std::string>>;

// The other end of a connection. The certificate is present when the peer proved that it has its
// key; nothing else about it was checked: identities are keys, not names.
struct Peer {
    std::string address = {};  // without port
    std::optional<crypto::Certificate> certificate = {};
};

struct HttpRequest {
    std::string method = {};  // upper case
    std::string path = {};    // percent-decoded, begins with '/'
    std::string query = {};   // raw, without '?'
    HttpFields fields = {};
    std::string body = {};
    Peer peer = {};

    // Value of the field, names compared without case; empty when absent.
    std::string_view field(std::string_view name) const;
    // Percent-decoded value of the query parameter; nullopt when absent or wrongly encoded.
    std::optional<std::string> parameter(std::string_view name) const;
};

struct HttpReply {
    int status = 200;
    std::string content_type = "application/json";
    std::string body = {};
    HttpFields fields = {};  // further ones; Content-Length and Connection are set by the server

    std::string_view field(std::string_view name) const;
};

// Percent-decodes; nullopt on a bad escape or an encoded NUL.
std::optional<std::string> percent_decode(std::string_view text);
// Escapes everything but RFC 3986 unreserved characters and `keep`.
std::string percent_encode(std::string_view text, std::string_view keep = "");
const char* reason_phrase(int status);

}  // namespace scone::net
