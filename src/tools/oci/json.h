// JSON of images: parsed with limits, read with the type that is expected, written in its order.
//
// Side:    host
// Errors:  InvalidInput (not JSON, another type than expected); the text names the key
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/text/failure.h"

namespace scone::oci {

using Json = nlohmann::ordered_json;

// At most 64 levels deep; an object is expected.
text::Outcome<Json> parse_json_object(std::string_view text, std::string_view name);
// The text as it is written into images; never throws (bytes that are not UTF-8 are replaced).
std::string json_text(const Json& value);

// Absent and null are the empty value; another type is InvalidInput.
text::Outcome<std::string> get_text(const Json& object, const char* key);
text::Outcome<std::vector<std::string>> get_texts(const Json& object, const char* key);
text::Outcome<std::optional<uint64_t>> get_number(const Json& object, const char* key);
// The object under `key`, or an empty one.
text::Outcome<Json> get_object(const Json& object, const char* key);
text::Outcome<std::vector<Json>> get_objects(const Json& object, const char* key);

}  // namespace scone::oci
