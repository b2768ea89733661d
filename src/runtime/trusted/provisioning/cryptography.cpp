#include "runtime/trusted/provisioning/cryptography.h"

// The engine-less way to give OpenSSL 3.0 another source for all its random numbers is this older
// interface; with it the built-in generators, which ask the operating system, are never used.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/rand.h>

namespace scone::provisioning {
namespace {

EntropyFunction entropy_source = nullptr;

int fill(unsigned char* out, int size) {
    return size >= 0 && entropy_source(out, static_cast<size_t>(size)) ? 1 : 0;
}
int take_nothing(const void*, int) {
    return 1;
}
int add_nothing(const void*, int, double) {
    return 1;
}
int always_ready() {
    return 1;
}

const RAND_METHOD kMethod{take_nothing, fill, nullptr, add_nothing, fill, always_ready};

}  // namespace

bool prepare_cryptography(EntropyFunction entropy) {
    entropy_source = entropy;
    return OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, nullptr) ==
               1 &&
           RAND_set_rand_method(&kMethod) == 1;
}

}  // namespace scone::provisioning
