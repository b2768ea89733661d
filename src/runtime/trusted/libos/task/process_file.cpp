#include "runtime/trusted/libos/task/process_file.h"

#include "runtime/trusted/enclave/host_calls/host_call.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"

namespace scone::libos {

void ProcessFile::stands_for(int32_t pid) {
    int64_t fd = enclave::checked_result(
        enclave::host_call(__NR_pidfd_open, enclave::Interruptible::No, static_cast<uint64_t>(pid),
                           is_non_blocking() ? linux_abi::kO_NONBLOCK : 0),
        1 << 24);
    if (fd >= 0)
        host_fd_ = static_cast<int>(fd);
    else
        ended_ = true;
}

}  // namespace scone::libos
