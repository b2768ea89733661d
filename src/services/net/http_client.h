// A blocking HTTPS client: one connection, kept alive, reopened when the server closed it.
//
// Side:    host
// Limits:  those of http_reply_reader.h
// Errors:  those of tls_client.h; Unreachable also for a reply that is not HTTP
// Threads: one thread at a time
#pragma once

#include <optional>
#include <string>

#include "services/net/http_message.h"
#include "services/net/tls_client.h"

namespace scone::net {

struct HttpCall {
    std::string method = "GET";
    std::string target = "/";  // already percent-encoded
    HttpFields fields = {};
    std::string body = {};
};

class HttpClient {
  public:
    // Does not connect yet. options.identity must outlive the client.
    explicit HttpClient(TlsClientOptions options);
    HttpClient(HttpClient&&) noexcept;
    ~HttpClient();

    // Any reply is a success here, whatever its status.
    text::Outcome<HttpReply> send(const HttpCall& call);
    // False when the last send() failed before the first byte of the call could be sent.
    bool sent_last_call() const { return sent_last_call_; }
    // The chain of the last server reached; empty before.
    const std::vector<crypto::Certificate>& server_chain() const { return chain_; }

  private:
    text::Outcome<HttpReply> exchange(const std::string& message, bool is_head);

    TlsClientOptions options_;
    std::optional<TlsClient> connection_;
    std::vector<crypto::Certificate> chain_;
    bool sent_last_call_ = false;
};

}  // namespace scone::net
