// OpenSSL's surroundings in the enclave: no configuration file, no error strings from files, no
// exit handler, and random numbers from the source that is handed in (RDRAND) and from nowhere
// else.
//
// Side:    hosted
// Threads: once, before anything else of this layer
#pragma once

#include <cstddef>
#include <cstdint>

namespace scone::provisioning {

// Fills the bytes with random numbers; false when the source failed.
using EntropyFunction = bool (*)(uint8_t* out, size_t size);

// False when OpenSSL cannot start or does not take the source.
bool prepare_cryptography(EntropyFunction entropy);

}  // namespace scone::provisioning
