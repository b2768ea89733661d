// Any bytes at all: the decoder never reads past its span and never claims more than is there.
#include <stdlib.h>
#include <string.h>

#include "lib/x86/length_decoder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace scone;
    // A block of exactly this size lets AddressSanitizer see a read past the end.
    for (size_t start = 0; start < size && start < 64; ++start) {
        const size_t left = size - start;
        uint8_t* copy = static_cast<uint8_t*>(malloc(left));
        if (copy == nullptr)
            return 0;
        memcpy(copy, data + start, left);
        const x86::Instruction instruction = x86::decode(base::Bytes(copy, left));
        const bool fits = instruction.length <= left && instruction.length <= 15 &&
                          instruction.branch_offset + instruction.branch_size <= instruction.length;
        if (!fits || (instruction.is_rip_relative() &&
                      instruction.rip_disp32_offset + 4u > instruction.length))
            abort();
        free(copy);
    }
    return 0;
}
