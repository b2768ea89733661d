#include "services/net/http_client.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace scone::net {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;
using text::ExitCode;
using text::failure;
using text::Outcome;

constexpr uint32_t kMaxHeaderSize = 64 * 1024;
constexpr uint64_t kMaxBodySize = 64 * 1024 * 1024;
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
    http::response_parser<http::string_body> parser;
    parser.header_limit(kMaxHeaderSize);
    parser.body_limit(kMaxBodySize);
    parser.eager(true);
    parser.skip(is_head);
    std::string pending;
    std::array<uint8_t, kReadSize> buffer;
    while (!parser.is_done()) {
        auto count = connection_->read_some(buffer, options_.timeout_ms);
        if (!count)
            return broken(count.error().what);
        error_code error;
        if (*count == 0) {
            // Beast aborts the program where an end comes before the first byte.
            if (!parser.got_some())
                return broken("the server closed the connection instead of an answer");
            parser.put_eof(error);
            if (error || !parser.is_done())
                return broken("the connection closed before the reply was whole");
            break;
        }
        pending.append(base::as_text(base::Bytes(buffer.data(), *count)));
        size_t used = parser.put(boost::asio::const_buffer(pending.data(), pending.size()), error);
        pending.erase(0, used);
        if (error && error != http::error::need_more)
            return broken("the reply is not HTTP: " + error.message());
    }
    auto parsed = parser.release();
    if (!parsed.keep_alive())
        connection_.reset();
    HttpReply reply;
    reply.status = static_cast<int>(parsed.result_int());
    reply.body = std::move(parsed.body());
    reply.content_type = std::string(parsed[http::field::content_type]);
    for (const auto& field : parsed)
        reply.fields.emplace_back(std::string(field.name_string()), std::string(field.value()));
    return reply;
}

}  // namespace scone::net
