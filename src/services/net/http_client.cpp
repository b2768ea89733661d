#include "services/net/http_client.h"

#include <array>

#include "services/net/http_reply_reader.h"

namespace scone::net {
namespace {

using text::ExitCode;
using text::failure;
using text::Outcome;

constexpr size_t kReadSize = 16 * 1024;

std::string format_call(const HttpCall& call, const TlsClientOptions& options) {
    const std::string& name = options.expectation.server_name;
    std::string out = call.method + " " + call.target +
                      " HTTP/1.1\r\nHost: " + (name.empty() ? options.server.host : name) + "\r\n";
    for (const auto& [field, value] : call.fields)
        out += field + ": " + value + "\r\n";
    if (!call.body.empty() || call.method == "POST" || call.method == "PUT")
        out += "Content-Length: " + std::to_string(call.body.size()) + "\r\n";
    return out + "\r\n" + call.body;
}

}  // namespace

HttpClient::HttpClient(TlsClientOptions options) : options_(std::move(options)) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

Outcome<HttpReply> HttpClient::send(const HttpCall& call) {
    std::string message = format_call(call, options_);
    sent_last_call_ = false;
    bool is_head = call.method == "HEAD";
    bool was_open = connection_.has_value();
    if (was_open) {
        auto reply = exchange(message, is_head);
        // The server may have closed an idle connection. Only a call that changes nothing is sent
        // again, because nobody knows whether the first one was carried out.
        bool may_repeat = call.method == "GET" || is_head;
        if (reply || !may_repeat)
            return reply;
        connection_.reset();
    }
    connection_ = SCONE_TRY(TlsClient::connect(options_));
    chain_ = connection_->server_chain();
    return exchange(message, is_head);
}

Outcome<HttpReply> HttpClient::exchange(const std::string& message, bool is_head) {
    auto broken = [this](const std::string& why) {
        connection_.reset();
        return failure(ExitCode::Unreachable, why, "reading the reply of " + options_.server.text(),
                       "see that this is the client API of scone-cas, port 8081 if not chosen "
                       "otherwise");
    };
    sent_last_call_ = true;
    auto sent = connection_->write_all(base::as_bytes(message), options_.timeout_ms);
    if (!sent) {
        connection_.reset();
        return std::unexpected(sent.error());
    }
    HttpReplyReader reader(is_head ? ReplyTo::Head : ReplyTo::Other);
    std::array<uint8_t, kReadSize> buffer;
    while (!reader.is_whole()) {
        auto count = connection_->read_some(buffer, options_.timeout_ms);
        if (!count)
            return broken(count.error().what);
        auto taken = *count == 0 ? reader.end() : reader.feed({buffer.data(), *count});
        if (!taken)
            return broken(taken.error().what);
    }
    if (!reader.keeps_open())
        connection_.reset();
    return reader.take();
}

}  // namespace scone::net
