#include "services/net/http_reply_reader.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace scone::net {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;
using text::Outcome;

constexpr uint32_t kMaxHeaderSize = 64 * 1024;
constexpr uint64_t kMaxBodySize = 64 * 1024 * 1024;

auto refused(std::string why) {
    return text::failure(text::ExitCode::InvalidInput, std::move(why));
}

}  // namespace

struct HttpReplyReader::State {
    http::response_parser<http::string_body> parser;
    std::string pending;  // what the parser wants in one piece and has in part
};

HttpReplyReader::HttpReplyReader(ReplyTo call) : state_(std::make_unique<State>()) {
    state_->parser.header_limit(kMaxHeaderSize);
    state_->parser.body_limit(kMaxBodySize);
    state_->parser.eager(true);
    state_->parser.skip(call == ReplyTo::Head);
}
HttpReplyReader::~HttpReplyReader() = default;

Outcome<void> HttpReplyReader::feed(base::Bytes bytes) {
    std::string& pending = state_->pending;
    pending.append(base::as_text(bytes));
    error_code error;
    const size_t used =
        state_->parser.put(boost::asio::const_buffer(pending.data(), pending.size()), error);
    pending.erase(0, used);
    if (error && error != http::error::need_more)
        return refused("the reply is not HTTP: " + error.message());
    // The parser has no limit of its own for a chunk's extensions and the fields behind the last.
    if (!is_whole() && pending.size() > kMaxHeaderSize)
        return refused("the reply is not HTTP: a header above the limit");
    return {};
}

Outcome<void> HttpReplyReader::end() {
    // Beast aborts the program where an end comes before the first byte.
    if (!state_->parser.got_some())
        return refused("the server closed the connection instead of an answer");
    error_code error;
    state_->parser.put_eof(error);
    if (error || !is_whole())
        return refused("the connection closed before the reply was whole");
    return {};
}

bool HttpReplyReader::is_whole() const {
    return state_->parser.is_done();
}

bool HttpReplyReader::keeps_open() const {
    return state_->parser.keep_alive();  // false also where the end of the connection ended it
}

HttpReply HttpReplyReader::take() {
    auto parsed = state_->parser.release();
    HttpReply reply;
    reply.status = static_cast<int>(parsed.result_int());
    reply.body = std::move(parsed.body());
    reply.content_type = std::string(parsed[http::field::content_type]);
    for (const auto& field : parsed)
        reply.fields.emplace_back(std::string(field.name_string()), std::string(field.value()));
    return reply;
}

}  // namespace scone::net
