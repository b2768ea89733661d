// Any bytes as a quote; what parses goes through the checks of its signatures.
#include "lib/attest/simulated_quote.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace scone::attest;
    Bytes bytes(data, size);
    (void)verify_quote(bytes, {}, {.time = 1'800'000'000});
    (void)verify_simulated_quote(bytes, AllowSimulation::Yes, {.debug_mode = true}, 1'800'000'000);
    return 0;
}
