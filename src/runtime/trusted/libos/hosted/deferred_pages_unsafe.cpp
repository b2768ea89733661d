#include "lib/aead/sha256.h"
#include "runtime/trusted/enclave/layout_unsafe.h"
#include "runtime/trusted/libos/hosted/deferred_pages.h"
#include "runtime/trusted/libos/log.h"
#include "runtime/trusted/libos/vector_section.h"

extern "C" const scone::libos::DeferredContent scone_deferred_pages;

namespace scone::libos {

void check_deferred_pages() {
    const DeferredContent& wanted = scone_deferred_pages;
    aead::Sha256 hash(runtime_sha256());
    for (uint64_t i = 0; i < wanted.count; i++) {
        // SAFETY: ranges of the image, which the measured build put there.
        const auto* begin =
            reinterpret_cast<const uint8_t*>(enclave::image_base() + wanted.ranges[i].begin);
        hash.update({begin, wanted.ranges[i].end - wanted.ranges[i].begin});
    }
    aead::Digest found = hash.finish();
    if (wanted.count == 0 || __builtin_memcmp(found.data(), wanted.digest, found.size()) != 0)
        fatal("the provisioning layer is not the measured one: the enclave image was changed");
}

}  // namespace scone::libos
