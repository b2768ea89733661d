// Bytes as a connection brings them: in pieces, whose sizes the bytes say themselves.
//
// Side: fuzz targets
#pragma once

#include <algorithm>

#include "lib/base/bytes.h"
#include "services/net/protocol.h"

namespace scone::fuzz {

// visit(piece) for each piece of 1 to `most` bytes, while it says true; hands back whether it still
// did at the end.
template <class F>
bool for_each_piece(base::Bytes bytes, size_t most, F&& visit) {
    while (!bytes.empty()) {
        size_t size = std::min<size_t>(bytes.size(), 1 + bytes[0] % most);
        if (!visit(bytes.first(size)))
            return false;
        bytes = bytes.subspan(size);
    }
    return true;
}

// As the event loop drives a server's protocol, until that wants to close.
inline void serve_pieces(net::Protocol& protocol, base::Bytes bytes, size_t most) {
    for_each_piece(bytes, most, [&](base::Bytes piece) {
        net::Fed fed = protocol.feed(piece);
        while (fed.need == net::Need::Serve) {
            if (!protocol.serve().keep_open)
                return false;
            fed = protocol.feed({});
        }
        return fed.need != net::Need::Close;
    });
}

}  // namespace scone::fuzz
