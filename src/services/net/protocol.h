// What is spoken on one connection, without the connection: bytes in, bytes out. The listener
// drives it; tests and fuzzers call it directly.
//
// Side:    host
// Threads: the listener makes one call at a time; feed() on a connection thread (it must be quick),
//          serve() on a handler thread (it may wait and compute)
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "lib/base/bytes.h"
#include "services/net/http_message.h"

namespace scone::net {

enum class Need : uint8_t {
    More,   // nothing whole has come yet
    Serve,  // a whole message is there: call serve()
    Close,  // the peer broke the protocol: send `bytes`, then close
};

struct Fed {
    Need need = Need::More;
    std::string bytes = {};  // to send now
};

struct Served {
    std::string bytes = {};
    bool keep_open = true;
};

class Protocol {
  public:
    virtual ~Protocol() = default;
    // Takes what came. After Serve it keeps the rest for the next message; call it again with
    // nothing after serve() to hear whether that is whole already.
    virtual Fed feed(base::Bytes bytes) = 0;
    virtual Served serve() = 0;
    // True while a message has begun but is not whole: the shorter timeout counts.
    virtual bool mid_message() const = 0;
};

using MakeProtocol = std::function<std::unique_ptr<Protocol>(Peer)>;

}  // namespace scone::net
