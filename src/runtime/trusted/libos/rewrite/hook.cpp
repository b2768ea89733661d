#include "runtime/trusted/libos/rewrite/hook.h"

namespace scone::libos {

// Every site traps.
void rewrite_code(AddressSpace&, File&, uint64_t, uint64_t, uint64_t) {}

}  // namespace scone::libos
