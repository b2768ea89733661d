#include "services/net/http_server.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>

namespace scone::net {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

std::string format_reply(const HttpReply& reply, bool keep_open, bool with_body) {
    std::string out =
        "HTTP/1.1 " + std::to_string(reply.status) + " " + reason_phrase(reply.status) + "\r\n";
    if (!reply.content_type.empty())
        out += "Content-Type: " + reply.content_type + "\r\n";
    for (const auto& [name, value] : reply.fields)
        out += name + ": " + value + "\r\n";
    out += "Content-Length: " + std::to_string(reply.body.size()) + "\r\n";
    if (!keep_open)
        out += "Connection: close\r\n";
    out += "\r\n";
    if (with_body)
        out += reply.body;
    return out;
}

int status_of_error(const error_code& error) {
    if (error == http::error::body_limit)
        return 413;
    return error == http::error::header_limit ? 431 : 400;
}

class HttpProtocol final : public Protocol {
  public:
    HttpProtocol(Peer peer, const HttpLimits& limits, const HttpHandler& handler)
        : peer_(std::move(peer)), limits_(limits), handler_(handler) {
        start_message();
    }
    ~HttpProtocol() override {
        base::wipe(pending_.data(), pending_.size());
        wipe_message();
    }

    Fed feed(base::Bytes bytes) override {
        pending_.append(base::as_text(bytes));
        error_code error;
        size_t used = 0;
        while (used < pending_.size() && !parser_->is_done()) {
            size_t count = parser_->put(
                boost::asio::const_buffer(pending_.data() + used, pending_.size() - used), error);
            used += count;
            if (error == http::error::need_more)
                break;
            if (error)
                return refuse(status_of_error(error), error.message());
            if (count == 0)
                break;
        }
        base::wipe(pending_.data(), used);
        pending_.erase(0, used);
        if (parser_->is_done())
            return {Need::Serve, {}};
        // What is not whole stays in pending_, because the parser wants it in one piece: the
        // header, and for a chunked body a chunk's extensions and the fields behind the last, for
        // which the parser has no limit of its own.
        if (pending_.size() > limits_.header_size)
            return refuse(431, "header above the limit");
        return {Need::More, take_continue()};
    }

    Served serve() override {
        auto message = parser_->release();
        bool keep_open = message.keep_alive();
        bool is_head = message.method() == http::verb::head;
        HttpRequest request;
        HttpReply reply;
        if (read_request(message, request))
            reply = handler_(request);
        else
            reply = {400, "text/plain", "request target cannot be decoded\n", {}};
        base::wipe(request.body.data(), request.body.size());
        start_message();
        Served served{format_reply(reply, keep_open, !is_head), keep_open};
        base::wipe(reply.body.data(), reply.body.size());
        return served;
    }

    bool mid_message() const override { return parser_->got_some() || !pending_.empty(); }

  private:
    using Message = http::request<http::string_body>;

    void start_message() {
        parser_.emplace();
        parser_->header_limit(limits_.header_size);
        parser_->body_limit(limits_.body_size);
        parser_->eager(true);
        continue_sent_ = false;
    }
    void wipe_message() {
        std::string& body = parser_->get().body();
        base::wipe(body.data(), body.size());
    }
    static Fed refuse(int status, const std::string& why) {
        return {Need::Close, format_reply({status, "text/plain", why + "\n", {}}, false, true)};
    }
    std::string take_continue() {
        if (!parser_->is_header_done() || continue_sent_)
            return {};
        continue_sent_ = true;
        auto wish = parser_->get()[http::field::expect];
        return boost::beast::iequals(wish, "100-continue") ? "HTTP/1.1 100 Continue\r\n\r\n" : "";
    }
    bool read_request(Message& message, HttpRequest& out) const {
        auto target = message.target();
        std::string_view whole(target.data(), target.size());
        size_t mark = std::min(whole.find('?'), whole.size());
        auto path = percent_decode(whole.substr(0, mark));
        if (!path || !path->starts_with('/'))
            return false;
        out.path = std::move(*path);
        out.query = whole.substr(std::min(mark + 1, whole.size()));
        out.method = std::string(message.method_string());
        for (const auto& field : message)
            out.fields.emplace_back(std::string(field.name_string()), std::string(field.value()));
        out.body = std::move(message.body());
        out.peer = peer_;
        return true;
    }

    Peer peer_;
    HttpLimits limits_;
    const HttpHandler& handler_;
    std::optional<http::request_parser<http::string_body>> parser_;
    std::string pending_;
    bool continue_sent_ = false;
};

bool path_fits(std::string_view pattern, std::string_view path) {
    if (pattern.ends_with('*'))
        return path.starts_with(pattern.substr(0, pattern.size() - 1));
    return pattern == path;
}

}  // namespace

std::unique_ptr<Protocol> make_http_protocol(Peer peer, const HttpLimits& limits,
                                             const HttpHandler& handler) {
    return std::make_unique<HttpProtocol>(std::move(peer), limits, handler);
}

MakeProtocol serve_http(const HttpLimits& limits, HttpHandler handler) {
    auto shared = std::make_shared<HttpHandler>(std::move(handler));
    return [limits, shared](Peer peer) {
        return make_http_protocol(std::move(peer), limits, *shared);
    };
}

void HttpRouter::add(std::string method, std::string path, HttpHandler handler) {
    routes_.push_back({std::move(method), std::move(path), std::move(handler)});
}

HttpReply HttpRouter::handle(const HttpRequest& request) const {
    std::string allowed;
    for (const Route& route : routes_) {
        if (!path_fits(route.path, request.path))
            continue;
        if (route.method == request.method)
            return route.handler(request);
        if (allowed.find(route.method) == std::string::npos)
            allowed += (allowed.empty() ? "" : ", ") + route.method;
    }
    if (allowed.empty())
        return make_error_(404, "there is nothing at '" + request.path + "'");
    HttpReply reply = make_error_(405, "method " + request.method + " is not possible here");
    reply.fields.emplace_back("Allow", allowed);
    return reply;
}

}  // namespace scone::net
