// JSON values: parse with limits, read by type, write.
//
// Side:   hosted
// Errors: a Diagnostic with line and column: malformed text, a key twice in one object, deeper than
//         max_depth, longer than max_size, bytes after the value, invalid UTF-8
// Note:   objects keep the order of their members. Numbers keep their kind: unsigned and signed
//         64-bit integers exactly, everything else as double.
// Source: RFC 8259
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "lib/base/result.h"
#include "lib/text/diagnostic.h"

namespace scone::text {

struct JsonLimits {
    size_t max_size = size_t{8} << 20;
    size_t max_depth = 64;
};

class Json {
  public:
    using Array = std::vector<Json>;
    struct Member;
    using Object = std::vector<Member>;

    // Defined below, where Member is complete.
    Json();
    Json(const Json&);
    Json(Json&&) noexcept;
    Json& operator=(const Json&);
    Json& operator=(Json&&) noexcept;
    ~Json();
    Json(std::nullptr_t);
    Json(bool value);
    Json(int value);
    Json(unsigned value);
    Json(int64_t value);
    Json(uint64_t value);
    Json(double value);
    Json(std::string value);
    Json(std::string_view value);
    Json(const char* value);
    Json(Array value);
    static Json array();
    static Json object();

    bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
    // nullptr or nullopt when the value is of another kind.
    const std::string* as_string() const { return std::get_if<std::string>(&value_); }
    const Array* as_array() const { return std::get_if<Array>(&value_); }
    const Object* as_object() const;
    std::optional<bool> as_bool() const;
    std::optional<int64_t> as_int64() const;    // a number that is an integer and fits
    std::optional<uint64_t> as_uint64() const;  // likewise
    std::optional<double> as_double() const;    // any number

    // The member's value; nullptr when this is no object or has no such member.
    const Json* find(std::string_view key) const;
    // The member if it is there and of that kind.
    const std::string* find_string(std::string_view key) const;
    const Array* find_array(std::string_view key) const;
    const Object* find_object(std::string_view key) const;
    std::optional<bool> find_bool(std::string_view key) const;
    std::optional<int64_t> find_int64(std::string_view key) const;
    std::optional<uint64_t> find_uint64(std::string_view key) const;

    // Adds or replaces a member; a null value becomes an object first. Hands back *this.
    // Preconditions: this is null or an object.
    Json& set(std::string key, Json value);
    // Adds an element; a null value becomes an array first. Preconditions: null or an array.
    Json& push(Json value);

    friend bool operator==(const Json& a, const Json& b);

  private:
    std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string, Array, Object>
        value_;
    friend class JsonBuilder;
    friend class JsonWriter;
};

struct Json::Member {
    std::string key;
    Json value;
    friend bool operator==(const Member& a, const Member& b) {
        return a.key == b.key && a.value == b.value;
    }
};

inline Json::Json() = default;
inline Json::Json(const Json&) = default;
inline Json::Json(Json&&) noexcept = default;
inline Json& Json::operator=(const Json&) = default;
inline Json& Json::operator=(Json&&) noexcept = default;
inline Json::~Json() = default;
inline Json::Json(std::nullptr_t) {}
inline Json::Json(bool value) : value_(value) {}
inline Json::Json(int value) : value_(int64_t{value}) {}
inline Json::Json(unsigned value) : value_(uint64_t{value}) {}
inline Json::Json(int64_t value) : value_(value) {}
inline Json::Json(uint64_t value) : value_(value) {}
inline Json::Json(double value) : value_(value) {}
inline Json::Json(std::string value) : value_(std::move(value)) {}
inline Json::Json(std::string_view value) : value_(std::string(value)) {}
inline Json::Json(const char* value) : value_(std::string(value)) {}
inline Json::Json(Array value) : value_(std::move(value)) {}
inline Json Json::array() {
    return Json(Array{});
}
inline bool operator==(const Json& a, const Json& b) {
    return a.value_ == b.value_;
}

base::Result<Json, Diagnostic> parse_json(std::string_view text, JsonLimits limits = {});

// Without spaces when indent is 0. Control characters are escaped, other text is written as it is;
// bytes that are not UTF-8 become U+FFFD, and numbers that are not finite become null.
std::string write_json(const Json& value, unsigned indent = 0);
// The text between the quotes that stands for `text` in a JSON string (RFC 8259, section 7).
std::string escape_json(std::string_view text);

// The exact bytes of a top-level member's value as they stand in `text`, for what is signed over
// raw bytes (TCB info, QE identity). nullopt when the text is no well-formed object within the
// limits, has the key not at all, or has any key twice.
std::optional<std::string_view> raw_slice(std::string_view text, std::string_view key,
                                          JsonLimits limits = {});

}  // namespace scone::text
