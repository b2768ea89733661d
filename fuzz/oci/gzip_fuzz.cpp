// gzip data from outside.
#include "fuzz/oci/bytes_source.h"
#include "tools/oci/gzip.h"

using namespace scone::oci;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    GzipSource source(std::make_unique<BytesSource>(Bytes(data, size)), "fuzz");
    (void)read_all(source, 1 << 20, "fuzz");
    return 0;
}
