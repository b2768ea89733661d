#include "lib/text/json.h"

#include <gtest/gtest.h>

namespace scone::text {
namespace {

std::string error_of(std::string_view text, JsonLimits limits = {}) {
    auto value = parse_json(text, limits);
    return value ? "accepted" : to_string(value.error());
}

TEST(Json, ReadsEveryKindAndKeepsOrder) {
    auto value = parse_json(
        R"({"z":[1,-2,3.5,18446744073709551615],"a":{"t":true,"n":null},"s":"x\u00e9\n"})");
    ASSERT_TRUE(value);
    const Json::Array* z = value->find_array("z");
    ASSERT_TRUE(z);
    EXPECT_EQ((*z)[0].as_int64(), 1);
    EXPECT_EQ((*z)[0].as_uint64(), 1U);
    EXPECT_EQ((*z)[1].as_int64(), -2);
    EXPECT_FALSE((*z)[1].as_uint64());
    EXPECT_EQ((*z)[2].as_double(), 3.5);
    EXPECT_FALSE((*z)[2].as_int64());
    EXPECT_EQ((*z)[3].as_uint64(), 18446744073709551615U);
    EXPECT_EQ(value->find("a")->find_bool("t"), true);
    EXPECT_TRUE(value->find("a")->find("n")->is_null());
    EXPECT_EQ(*value->find_string("s"), "x\xc3\xa9\n");
    EXPECT_FALSE(value->find_string("z"));
    EXPECT_FALSE(value->find("absent"));
    EXPECT_EQ(write_json(*value),
              "{\"z\":[1,-2,3.5,18446744073709551615],\"a\":{\"t\":true,\"n\":null},\"s\":"
              "\"x\xc3\xa9\\n\"}");
}

TEST(Json, BuildsAndWrites) {
    Json reply;
    reply.set("msg", Json().push("first \"q\"").push("second\x01")).set("code", 7).set("code", 8);
    EXPECT_EQ(write_json(reply), R"({"msg":["first \"q\"","second\u0001"],"code":8})");
    EXPECT_EQ(
        write_json(reply, 2),
        "{\n  \"msg\": [\n    \"first \\\"q\\\"\",\n    \"second\\u0001\"\n  ],\n  \"code\": 8\n}");
    EXPECT_EQ(write_json(Json("\xff")), "\"\xEF\xBF\xBD\"");
    EXPECT_EQ(write_json(Json(-2500.0)), "-2500.0");
    EXPECT_EQ(write_json(Json::object()), "{}");
    EXPECT_EQ(write_json(Json::array(), 2), "[]");
}

TEST(Json, ErrorsNameThePlace) {
    EXPECT_EQ(error_of("{\"a\":1,\n \"a\":2}"), "2:2: key 'a' stands twice in one object");
    EXPECT_EQ(error_of("{\n  \"a\" 1}").substr(0, 4), "2:7:");
    EXPECT_EQ(error_of("[1] 2").substr(0, 4), "1:5:");
    EXPECT_EQ(error_of("[[[1]]]", {.max_size = 100, .max_depth = 2}),
              "1:3: nested deeper than 2 levels");
    EXPECT_EQ(error_of("[1,2,3]", {.max_size = 3}), "1:1: expected at most 3 bytes of JSON, got 7");
    for (const char* bad :
         {"", " ", "{", "[1,]", "{'a':1}", "nul", "\"\xff\"", "1e999", "\"\n\"", "NaN"})
        EXPECT_NE(error_of(bad), "accepted") << bad;
}

TEST(Json, TwentyThousandBracketsAreRefusedEarly) {
    EXPECT_EQ(error_of(std::string(20000, '[')), "1:65: nested deeper than 64 levels");
}

TEST(Json, RawSliceIsTheExactBytes) {
    std::string text =
        "{ \"x\": 12 , \"tcbInfo\" : {\"b\": [1, 2 ], \"tcbInfo\":0} ,\n\"signature\":\"a\\\"b\", "
        "\"l\":[ 1 ] , \"t\":true,\"n\":-1.5e3}";
    EXPECT_EQ(raw_slice(text, "x"), "12");
    EXPECT_EQ(raw_slice(text, "tcbInfo"), "{\"b\": [1, 2 ], \"tcbInfo\":0}");
    EXPECT_EQ(raw_slice(text, "signature"), "\"a\\\"b\"");
    EXPECT_EQ(raw_slice(text, "l"), "[ 1 ]");
    EXPECT_EQ(raw_slice(text, "t"), "true");
    EXPECT_EQ(raw_slice(text, "n"), "-1.5e3");
    EXPECT_FALSE(raw_slice(text, "b"));
    EXPECT_FALSE(raw_slice("[1]", "x"));
    EXPECT_FALSE(raw_slice("{\"x\":1,\"x\":2}", "x"));
    EXPECT_FALSE(raw_slice("{\"x\":1} trailing", "x"));
    EXPECT_EQ(raw_slice("{\"x\":\"}:,\"}", "x"), "\"}:,\"");
}

}  // namespace
}  // namespace scone::text
