// Any bytes, in pieces, into the HTTP server's protocol.
#include "fuzz/net/pieces.h"
#include "services/net/http_server.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace scone;
    net::HttpHandler handler = [](const net::HttpRequest& request) {
        return net::HttpReply{200, "text/plain", request.parameter("a").value_or(request.path), {}};
    };
    auto protocol =
        net::make_http_protocol({"::1", {}}, {.header_size = 1024, .body_size = 256}, handler);
    fuzz::serve_pieces(*protocol, {data, size}, 64);
    return 0;
}
