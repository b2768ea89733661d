#include "services/net/http_server.h"

#include <gtest/gtest.h>

namespace scone::net {
namespace {

HttpReply echo(const HttpRequest& request) {
    return {200,
            "text/plain",
            request.method + " " + request.path + "?" + request.query + " " + request.body,
            {}};
}

class HttpProtocolTest : public testing::Test {
  protected:
    Fed feed(std::string_view text) { return protocol_->feed(base::as_bytes(text)); }
    HttpHandler handler_ = echo;
    HttpLimits limits_{.header_size = 512, .body_size = 64};
    std::unique_ptr<Protocol> protocol_ = make_http_protocol({"127.0.0.1", {}}, limits_, handler_);
};

TEST_F(HttpProtocolTest, AnswersRequestThatCameInPieces) {
    std::string request = "POST /a%20b?x=1 HTTP/1.1\r\nHost: cas\r\nContent-Length: 3\r\n\r\nabc";
    for (size_t i = 0; i + 1 < request.size(); ++i)
        ASSERT_EQ(feed(request.substr(i, 1)).need, Need::More) << i;
    EXPECT_TRUE(protocol_->mid_message());
    ASSERT_EQ(feed("c").need, Need::Serve);
    Served served = protocol_->serve();
    EXPECT_TRUE(served.keep_open);
    EXPECT_NE(served.bytes.find("POST /a b?x=1 abc"), std::string::npos);
    EXPECT_FALSE(protocol_->mid_message());
}

TEST_F(HttpProtocolTest, ServesPipelinedRequestsOneAfterTheOther) {
    ASSERT_EQ(feed("GET /1 HTTP/1.1\r\nHost: c\r\n\r\nGET /2 HTTP/1.1\r\nHost: c\r\n\r\n").need,
              Need::Serve);
    EXPECT_NE(protocol_->serve().bytes.find("GET /1"), std::string::npos);
    ASSERT_EQ(protocol_->feed({}).need, Need::Serve);
    EXPECT_NE(protocol_->serve().bytes.find("GET /2"), std::string::npos);
    EXPECT_EQ(protocol_->feed({}).need, Need::More);
}

TEST_F(HttpProtocolTest, RefusesBodyAboveLimit) {
    Fed fed = feed("POST / HTTP/1.1\r\nHost: c\r\nContent-Length: 65\r\n\r\n");
    EXPECT_EQ(fed.need, Need::Close);
    EXPECT_NE(fed.bytes.find("413"), std::string::npos);
}

TEST_F(HttpProtocolTest, RefusesChunkedBodyAboveLimit) {
    std::string chunk = "30\r\n" + std::string(0x30, 'x') + "\r\n";
    Fed fed =
        feed("POST / HTTP/1.1\r\nHost: c\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + chunk);
    EXPECT_EQ(fed.need, Need::Close);
    EXPECT_NE(fed.bytes.find("413"), std::string::npos);
}

TEST_F(HttpProtocolTest, RefusesEndlessHeader) {
    Fed fed = feed("GET / HTTP/1.1\r\nX: " + std::string(600, 'x'));
    EXPECT_EQ(fed.need, Need::Close);
    EXPECT_NE(fed.bytes.find("431"), std::string::npos);
}

TEST_F(HttpProtocolTest, RefusesAChunkHeaderAboveTheLimit) {
    for (const char* begin : {"1;a=", "0\r\na: "}) {
        protocol_ = make_http_protocol({"127.0.0.1", {}}, limits_, handler_);
        Fed fed = feed("POST / HTTP/1.1\r\nHost: c\r\nTransfer-Encoding: chunked\r\n\r\n");
        EXPECT_EQ(fed.need, Need::More);
        fed = feed(begin);
        for (int i = 0; i < 100 && fed.need == Need::More; ++i)
            fed = feed(std::string(100, 'x'));
        EXPECT_EQ(fed.need, Need::Close) << begin;
        EXPECT_NE(fed.bytes.find("431"), std::string::npos) << begin;
    }
}

TEST_F(HttpProtocolTest, RefusesWhatIsNotHttp) {
    EXPECT_EQ(feed("\x16\x03\x01 hello\r\n\r\n").need, Need::Close);
}

TEST_F(HttpProtocolTest, SaysContinueOnce) {
    Fed fed =
        feed("POST / HTTP/1.1\r\nHost: c\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(fed.need, Need::More);
    EXPECT_EQ(fed.bytes, "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(feed("a").bytes, "");
    EXPECT_EQ(feed("b").need, Need::Serve);
}

TEST_F(HttpProtocolTest, ClosesWhenAskedTo) {
    ASSERT_EQ(feed("GET / HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n").need, Need::Serve);
    EXPECT_FALSE(protocol_->serve().keep_open);
}

TEST_F(HttpProtocolTest, HeadHasNoBody) {
    ASSERT_EQ(feed("HEAD /x HTTP/1.1\r\nHost: c\r\n\r\n").need, Need::Serve);
    std::string reply = protocol_->serve().bytes;
    EXPECT_TRUE(reply.ends_with("\r\n\r\n"));
}

TEST(HttpRouter, SaysWhichMethodsArePossible) {
    HttpRouter router([](int status, std::string) { return HttpReply{status, "", "", {}}; });
    router.add("GET", "/v1/values/*", echo);
    router.add("POST", "/v1/sessions", echo);
    EXPECT_EQ(router.handle({.method = "GET", .path = "/v1/values/session=a"}).status, 200);
    HttpReply refused = router.handle({.method = "HEAD", .path = "/v1/values/session=a"});
    EXPECT_EQ(refused.status, 405);
    EXPECT_EQ(refused.field("allow"), "GET");
    EXPECT_EQ(router.handle({.method = "GET", .path = "/v2"}).status, 404);
}

TEST(HttpMessage, DecodesPercentEscapes) {
    EXPECT_EQ(percent_decode("a%2Fb%7e"), "a/b~");
    EXPECT_FALSE(percent_decode("%2"));
    EXPECT_FALSE(percent_decode("%zz"));
    EXPECT_FALSE(percent_decode("%00"));
    EXPECT_EQ(percent_encode("a/b c~", "/"), "a/b%20c~");
    HttpRequest request{.query = "nonce=ab%20c&type=x"};
    EXPECT_EQ(request.parameter("type"), "x");
    EXPECT_EQ(request.parameter("nonce"), "ab c");
    EXPECT_FALSE(request.parameter("none"));
}

}  // namespace
}  // namespace scone::net
