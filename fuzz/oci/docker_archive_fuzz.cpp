// The tar that `docker save` writes: what is accepted has a file of its own folder for each layer.
#include "fuzz/oci/bytes_source.h"
#include "tools/oci/image_source.h"

using namespace scone::oci;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    BytesSource tar({data, size});
    const auto image = open_docker_archive(tar, "", "archive");
    if (!image)
        return 0;
    if (image->layers.size() != image->config.diff_ids.size())
        __builtin_trap();
    for (size_t i = 0; i < image->layers.size(); ++i)
        if (!image->layers[i].path.starts_with(image->folder->path() + "/") ||
            !image->open_packed(i))
            __builtin_trap();
    return 0;
}
