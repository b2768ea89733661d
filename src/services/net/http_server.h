// HTTP/1.1 as a Protocol: requests parsed by Boost.Beast within limits, replies of whole messages,
// keep-alive and pipelining, Expect: 100-continue.
//
// Side:    host
// Limits:  header and body sizes as set; a broken or too large request is answered 400, 413 or 431
//          and closes the connection
// Threads: the handler is called on handler threads, for several connections at once
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "services/net/protocol.h"

namespace scone::net {

struct HttpLimits {
    uint32_t header_size = 16 * 1024;
    uint64_t body_size = 4 * 1024 * 1024;
};

using HttpHandler = std::function<HttpReply(const HttpRequest&)>;

std::unique_ptr<Protocol> make_http_protocol(Peer peer, const HttpLimits& limits,
                                             const HttpHandler& handler);
// The same for a Listener; the handler is shared by all connections.
MakeProtocol serve_http(const HttpLimits& limits, HttpHandler handler);

// Chooses the handler by method and path. A path that no route has is 404; one whose routes have
// other methods is 405 with Allow, HEAD included.
class HttpRouter {
  public:
    // The errors of the router itself as a reply, such as a JSON text.
    using MakeError = std::function<HttpReply(int status, std::string message)>;
    explicit HttpRouter(MakeError make_error) : make_error_(std::move(make_error)) {}

    // `path` is compared whole, or, when it ends in '*', as a prefix.
    void add(std::string method, std::string path, HttpHandler handler);
    HttpReply handle(const HttpRequest& request) const;

  private:
    struct Route {
        std::string method;
        std::string path;
        HttpHandler handler;
    };
    MakeError make_error_;
    std::vector<Route> routes_;
};

}  // namespace scone::net
