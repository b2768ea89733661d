// Any bytes, in pieces, into the HTTP server's protocol.
#include "services/net/http_server.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace scone;
    net::HttpHandler handler = [](const net::HttpRequest& request) {
        return net::HttpReply{200, "text/plain", request.parameter("a").value_or(request.path), {}};
    };
    auto protocol =
        net::make_http_protocol({"::1", {}}, {.header_size = 1024, .body_size = 256}, handler);
    base::Bytes rest(data, size);
    while (!rest.empty()) {
        size_t piece = std::min<size_t>(rest.size(), 1 + rest[0] % 64);
        net::Fed fed = protocol->feed(rest.first(piece));
        rest = rest.subspan(piece);
        while (fed.need == net::Need::Serve) {
            if (!protocol->serve().keep_open)
                return 0;
            fed = protocol->feed({});
        }
        if (fed.need == net::Need::Close)
            return 0;
    }
    return 0;
}
