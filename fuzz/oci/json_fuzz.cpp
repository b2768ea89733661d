// Configurations, manifests and indexes: what is accepted must survive being written and read.
#include "tools/oci/image_config.h"
#include "tools/oci/manifest.h"

using namespace scone::oci;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text = scone::base::as_text({data, size});
    if (const auto config = ImageConfig::parse(text)) {
        const auto again = ImageConfig::parse(config->json());
        if (!again || again->json() != config->json())
            __builtin_trap();
    }
    if (const auto manifest = parse_manifest(text))
        if (!parse_manifest(manifest_json(*manifest)))
            __builtin_trap();
    (void)parse_index(text);
    return 0;
}
