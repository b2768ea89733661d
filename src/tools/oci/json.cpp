#include "tools/oci/json.h"

#include <fmt/format.h>

namespace scone::oci {
namespace {

using text::ExitCode;
using text::failure;
using text::Outcome;

constexpr int kMaxDepth = 64;

std::unexpected<text::Failure> wrong_type(const char* key, const char* expected) {
    return failure(ExitCode::InvalidInput, fmt::format("'{}' is not {}", key, expected));
}

const Json* member(const Json& object, const char* key) {
    const auto it = object.find(key);
    return it == object.end() || it->is_null() ? nullptr : &*it;
}

}  // namespace

Outcome<Json> parse_json_object(std::string_view text, std::string_view name) {
    bool too_deep = false;
    const auto watch = [&](int depth, Json::parse_event_t, Json&) {
        too_deep |= depth > kMaxDepth;
        return !too_deep;
    };
    Json value = Json::parse(text, watch, false);
    if (too_deep)
        return failure(ExitCode::InvalidInput,
                       fmt::format("{} is nested more than {} deep", name, kMaxDepth));
    if (value.is_discarded() || !value.is_object())
        return failure(ExitCode::InvalidInput, fmt::format("{} is not a JSON object", name));
    return value;
}

std::string json_text(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Outcome<std::string> get_text(const Json& object, const char* key) {
    const Json* value = member(object, key);
    if (value == nullptr)
        return std::string();
    if (!value->is_string())
        return wrong_type(key, "a text");
    return value->get<std::string>();
}

Outcome<std::vector<std::string>> get_texts(const Json& object, const char* key) {
    const Json* value = member(object, key);
    std::vector<std::string> out;
    if (value == nullptr)
        return out;
    if (!value->is_array())
        return wrong_type(key, "a list");
    for (const Json& item : *value) {
        if (!item.is_string())
            return wrong_type(key, "a list of texts");
        out.push_back(item.get<std::string>());
    }
    return out;
}

Outcome<std::optional<uint64_t>> get_number(const Json& object, const char* key) {
    const Json* value = member(object, key);
    if (value == nullptr)
        return std::optional<uint64_t>();
    if (!value->is_number_unsigned())
        return wrong_type(key, "a number that is not negative");
    return std::optional<uint64_t>(value->get<uint64_t>());
}

Outcome<Json> get_object(const Json& object, const char* key) {
    const Json* value = member(object, key);
    if (value == nullptr)
        return Json::object();
    if (!value->is_object())
        return wrong_type(key, "an object");
    return *value;
}

Outcome<std::vector<Json>> get_objects(const Json& object, const char* key) {
    const Json* value = member(object, key);
    std::vector<Json> out;
    if (value == nullptr)
        return out;
    if (!value->is_array())
        return wrong_type(key, "a list");
    for (const Json& item : *value) {
        if (!item.is_object())
            return wrong_type(key, "a list of objects");
        out.push_back(item);
    }
    return out;
}

}  // namespace scone::oci
