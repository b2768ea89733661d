// Any bytes as an answer of AESM, and the byte strings in it as further messages.
#include "services/las/aesm_message.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    auto fields = scone::las::read_aesm_message({data, size});
    if (!fields)
        return 0;
    for (const auto& field : *fields)
        if (field.is_bytes)
            (void)scone::las::read_aesm_message(field.bytes);
    return 0;
}
