// A server's reply to one HTTP call, as it arrives piece by piece.
//
// Side:    host
// Limits:  header, and what stands between the parts of a chunked body, 64 KiB each; body 64 MiB
// Errors:  InvalidInput (not HTTP, above a limit, or ended before it was whole)
// Source:  RFC 9112
#pragma once

#include <memory>

#include "lib/base/bytes.h"
#include "lib/text/failure.h"
#include "services/net/http_message.h"

namespace scone::net {

enum class ReplyTo : uint8_t { Head, Other };

class HttpReplyReader {
  public:
    // The reply to a HEAD has no body, whatever its header says.
    explicit HttpReplyReader(ReplyTo call);
    ~HttpReplyReader();

    // Preconditions of both: not is_whole().
    text::Outcome<void> feed(base::Bytes bytes);
    text::Outcome<void> end();  // the server closed the connection
    bool is_whole() const;

    // Preconditions of both: is_whole().
    bool keeps_open() const;
    HttpReply take();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace scone::net
