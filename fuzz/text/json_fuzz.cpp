// What is accepted can be written and read again; a raw slice lies inside and is JSON itself.
#include <cstdlib>

#include "lib/text/base64.h"
#include "lib/text/json.h"
#include "lib/text/pem.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace scone::text;
    std::string_view input(reinterpret_cast<const char*>(data), size);
    (void)from_pem(input);
    if (auto bytes = from_base64(input); bytes && to_base64(*bytes) != input)
        std::abort();
    if (auto payload = from_base58check(input);
        payload && to_base58check(payload->version, payload->bytes) != input)
        std::abort();
    auto value = parse_json(input);
    if (!value)
        return 0;
    auto again = parse_json(write_json(*value));
    if (!again || !(*again == *value))
        std::abort();
    if (const Json::Object* members = value->as_object()) {
        for (const Json::Member& member : *members) {
            auto slice = raw_slice(input, member.key);
            auto inner = slice ? parse_json(*slice) : parse_json("");
            if (!inner || !(*inner == member.value))
                std::abort();
        }
    }
    return 0;
}
