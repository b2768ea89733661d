// Loads an enclave image with its settings into a machine: ECREATE, EADD and EEXTEND of every page.
//
// Side:   host
// Errors: the image or the settings are not what lib/sgx accepts; the machine refuses
// Source: docs/formats/enclave-image.md
#pragma once

#include "lib/base/bytes.h"
#include "lib/sgx/enclave_layout.h"
#include "runtime/host/machine/machine.h"

namespace scone::launcher {

struct BuiltEnclave {
    sgx::EnclaveLayout layout;
    sgx::Measurement256 mr_enclave;
};

// Everything up to EINIT, which needs a SIGSTRUCT for this MRENCLAVE. Image and settings are not
// needed afterwards.
text::Outcome<BuiltEnclave> build_enclave(machine::Machine& machine, base::Bytes image,
                                          base::Bytes settings);

// XCR0 of this processor, cut to what our SSA frames hold.
uint64_t usable_xfrm();

}  // namespace scone::launcher
