// Side: trusted. See runtime/trusted/enclave/linux_abi.h.
#pragma once

#include "runtime/trusted/enclave/linux_abi.h"

namespace scone::libos {
namespace linux_abi = scone::linux_abi;
}
