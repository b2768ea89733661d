#include "runtime/trusted/libos/time/host_timer.h"

#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/program_memory.h"

namespace scone::libos {

Result<HostTimer> exchange_host_timer(uint64_t number, uint64_t id, const uint64_t* flags,
                                      const HostTimer& timer) {
    uint64_t at = enclave::window_data() + enclave::kResultArea, old = at + sizeof timer;
    enclave::copy_to_host(at, &timer, sizeof timer);
    int64_t result = enclave::checked_result(
        flags != nullptr
            ? enclave::host_call(number, enclave::Interruptible::No, id, *flags, at, old)
            : enclave::host_call(number, enclave::Interruptible::No, id, at, old),
        0);
    if (result < 0)
        return error(static_cast<int>(-result));
    HostTimer left;
    enclave::copy_from_host(&left, old, sizeof left);
    return left;
}

SyscallResult set_host_timer(uint64_t number, uint64_t id, const uint64_t* flags,
                             const HostTimer& timer, uint64_t old_address) {
    HostTimer left = SCONE_TRY(exchange_host_timer(number, id, flags, timer));
    if (old_address != 0)
        SCONE_TRY(AppPtr<HostTimer>(old_address).store(left));
    return 0;
}

SyscallResult get_host_timer(uint64_t number, uint64_t id, uint64_t address) {
    HostTimer timer;
    int64_t result = enclave::host_structure_call(number, 1, &timer, 0, sizeof timer, id);
    if (result < 0)
        return from_kernel(result);
    SCONE_TRY(AppPtr<HostTimer>(address).store(timer));
    return 0;
}

}  // namespace scone::libos
