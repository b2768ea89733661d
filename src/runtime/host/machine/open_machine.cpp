#include "runtime/host/machine/driver/device.h"
#include "runtime/host/machine/machine.h"
#include "runtime/host/machine/simulated/simulated_machine.h"

namespace scone::machine {

text::Outcome<Machine*> open_machine(Mode mode) {
    static SimulatedMachine simulated;
    if (mode == Mode::Simulated)
        return &simulated;
    bool has_device = find_device() == Device::Opens;
    if (mode == Mode::Hardware)
        return text::failure(
            text::ExitCode::RuntimeFatal,
            has_device ? "Could not create enclave: this version has no driver for the SGX device"
                       : "Could not create enclave: Error opening SGX device",
            "opening the SGX device", "SCONE_MODE=sim runs the program unprotected");
    return &simulated;
}

}  // namespace scone::machine
