// Placeholders lie in the text, in order, and nothing else of the text changes.
#include <cstdlib>

#include "lib/policy/variables.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace scone::policy;
    std::string_view input(reinterpret_cast<const char*>(data), size);
    SecretValue value;
    value.kind = SecretKind::Binary;
    value.bytes = {0, 0xff, 'a'};
    auto found = find_placeholders(input);
    auto out = substitute(input, [&](std::string_view) { return &value; }, Content::Bytes);
    if (!found) {
        if (out)
            std::abort();
        return 0;
    }
    size_t end = 0;
    for (const Placeholder& placeholder : *found) {
        if (placeholder.offset < end || placeholder.offset + placeholder.size > size)
            std::abort();
        end = placeholder.offset + placeholder.size;
    }
    if (found->empty() && (!out || *out != input))
        std::abort();
    return 0;
}
