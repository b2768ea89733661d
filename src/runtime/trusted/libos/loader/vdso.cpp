#include "runtime/trusted/libos/loader/vdso.h"

#include "lib/base/endian.h"
#include "runtime/trusted/libos/time/clock.h"

extern "C" const uint8_t scone_vdso_image[];

namespace scone::libos {

Result<uint64_t> map_vdso(AddressSpace& memory) {
    uint8_t image[enclave::kPageSize];
    base::copy_bytes(image, {scone_vdso_image, sizeof image});
    base::store_le64(image + sizeof image - 8, clock_sample_address());
    return memory.map_code(image, Use::Vdso);
}

}  // namespace scone::libos
