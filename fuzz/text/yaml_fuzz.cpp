// What is accepted can be written, and the writing is read as the same tree and the same bytes.
#include <cstdlib>

#include "lib/text/template.h"
#include "lib/text/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace scone::text;
    std::string_view input(reinterpret_cast<const char*>(data), size);
    const YamlOptions options{.allowed_tags = {"!cas", "!akv"}};
    auto root = parse_yaml(input, options);
    if (!root) {
        if (root.error().at.line == 0 || root.error().message.empty())
            std::abort();
        return 0;
    }
    std::string once = write_yaml(*root);
    auto again = parse_yaml(once, options);
    if (!again || !(*again == *root) || write_yaml(*again) != once)
        std::abort();
    substitute_variables(*root, input, [](std::string_view name) {
        return name.size() % 2 == 0 ? std::optional<std::string>("v") : std::nullopt;
    });
    return 0;
}
