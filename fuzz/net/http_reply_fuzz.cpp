// Any bytes, in pieces, as a server's reply to GET and to HEAD.
#include "fuzz/net/pieces.h"
#include "services/net/http_reply_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace scone;
    for (net::ReplyTo call : {net::ReplyTo::Other, net::ReplyTo::Head}) {
        net::HttpReplyReader reader(call);
        bool refused = false;
        fuzz::for_each_piece({data, size}, 64, [&](base::Bytes piece) {
            refused = !reader.feed(piece);
            return !refused && !reader.is_whole();
        });
        if (refused || (!reader.is_whole() && !reader.end()))
            continue;
        (void)reader.keeps_open();
        if (reader.take().body.size() > size)
            __builtin_trap();
    }
    return 0;
}
