// Any text as cas.toml.
#include "services/cas/config_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    scone::cas::Options options;
    auto applied = scone::cas::apply_config(scone::base::as_text({data, size}), "/", options);
    return applied && options.api.host.empty() ? __builtin_trap(), 0 : 0;
}
