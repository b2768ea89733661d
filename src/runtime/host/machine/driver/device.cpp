#include "runtime/host/machine/driver/device.h"

#include <fcntl.h>
#include <unistd.h>

#include <initializer_list>

namespace scone::machine {

Device find_device() {
    for (const char* path : {"/dev/sgx_enclave", "/dev/sgx/enclave"}) {
        int descriptor = open(path, O_RDWR | O_CLOEXEC);
        if (descriptor >= 0) {
            close(descriptor);
            return Device::Opens;
        }
    }
    return Device::Absent;
}

}  // namespace scone::machine
