// Any bytes as a SIGSTRUCT, and its numbers through the division that signing uses.
#include <cstdint>

#include "lib/sgx/sigstruct.h"

using namespace scone;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    (void)sgx::verify_sigstruct({data, size});
    if (size < sizeof(sgx::Sigstruct))
        return 0;
    sgx::Sigstruct s;
    __builtin_memcpy(&s, data, sizeof s);
    sgx::RsaNumber modulus = s.modulus, signature = s.signature, q1, q2;
    (void)sgx::compute_q1_q2(modulus, signature, q1, q2);
    return 0;
}
