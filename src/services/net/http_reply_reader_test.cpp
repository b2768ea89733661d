#include "services/net/http_reply_reader.h"

#include <gtest/gtest.h>

namespace scone::net {
namespace {

// Feeds pieces of the size until the reply is whole or refused.
text::Outcome<void> feed(HttpReplyReader& reader, std::string_view text, size_t piece = 7) {
    while (!text.empty() && !reader.is_whole()) {
        auto fed = reader.feed(base::as_bytes(text.substr(0, piece)));
        if (!fed)
            return fed;
        text.remove_prefix(std::min(piece, text.size()));
    }
    return {};
}

TEST(HttpReplyReader, ReadsBodiesByLengthByChunksAndToTheEnd) {
    for (const char* text :
         {"HTTP/1.1 201 Created\r\nX-A: b\r\nContent-Type: text/plain\r\n"
          "Content-Length: 5\r\n\r\nhello",
          "HTTP/1.1 201 Created\r\nx-a: b\r\nContent-Type: text/plain\r\n"
          "Transfer-Encoding: chunked\r\n\r\n2;e=1\r\nhe\r\n3\r\nllo\r\n0\r\nEnd: x\r\n\r\n",
          "HTTP/1.1 201 Created\r\nX-A: b\r\nContent-Type: text/plain\r\n\r\nhello"}) {
        for (size_t piece : {1, 2, 7, 1000}) {
            HttpReplyReader reader(ReplyTo::Other);
            ASSERT_TRUE(feed(reader, text, piece)) << text;
            if (!reader.is_whole()) {
                ASSERT_TRUE(reader.end());
                EXPECT_FALSE(reader.keeps_open());
            } else {
                EXPECT_TRUE(reader.keeps_open());
            }
            const HttpReply reply = reader.take();
            EXPECT_EQ(reply.status, 201);
            EXPECT_EQ(reply.content_type, "text/plain");
            EXPECT_EQ(reply.field("x-a"), "b");
            EXPECT_EQ(reply.body, "hello");
        }
    }
}

TEST(HttpReplyReader, TheReplyToHeadHasNoBody) {
    HttpReplyReader reader(ReplyTo::Head);
    ASSERT_TRUE(feed(reader, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"));
    ASSERT_TRUE(reader.is_whole());
    EXPECT_EQ(reader.take().body, "");
}

TEST(HttpReplyReader, RefusesWhatEndsTooEarly) {
    for (const char* text :
         {"", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nA: b\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"}) {
        HttpReplyReader reader(ReplyTo::Other);
        ASSERT_TRUE(feed(reader, text)) << text;
        EXPECT_FALSE(reader.end()) << text;
    }
}

TEST(HttpReplyReader, RefusesWhatIsNotHttp) {
    for (const char* text : {"\x15\x03\x01 alert\r\n\r\n", "HTTP/1.1 ok\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"}) {
        HttpReplyReader reader(ReplyTo::Other);
        EXPECT_FALSE(feed(reader, text)) << text;
    }
}

// What never ends is not kept: a header, the extensions of a chunk, the fields behind the last.
TEST(HttpReplyReader, EverythingHasALimit) {
    const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const std::string& begin :
         {std::string("HTTP/1.1 200 OK\r\nA: "), chunked + "1;a=", chunked + "0\r\na: "}) {
        HttpReplyReader reader(ReplyTo::Other);
        auto fed = feed(reader, begin);
        size_t given = 0;
        for (; fed && given < 1'000'000; given += 1000)
            fed = feed(reader, std::string(1000, 'x'), 1000);
        EXPECT_FALSE(fed) << begin;
        EXPECT_LT(given, 100'000u) << begin;
    }
    HttpReplyReader reader(ReplyTo::Other);
    EXPECT_FALSE(feed(reader, "HTTP/1.1 200 OK\r\nContent-Length: 67108865\r\n\r\n"));
}

}  // namespace
}  // namespace scone::net
