// memfd_create
//
// Source: memfd_create(2)
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/fs/host_file.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/syscalls/handlers.h"

namespace scone::libos {

using namespace linux_abi;

SyscallResult sys_memfd_create(Call& call) {
    constexpr uint32_t kMfdCloexec = 1;
    Path name;
    SCONE_TRY(copy_path(name, call.arg[0]));
    if (name.size() > 249)
        return error(kEINVAL);
    enclave::copy_to_host(enclave::window_data(), name.c_str(), name.size() + 1);
    int64_t fd = enclave::checked_result(
        enclave::host_call(__NR_memfd_create, enclave::Interruptible::No, enclave::window_data(),
                           call.u32(1) | kMfdCloexec),
        1 << 24);
    if (fd < 0)
        return from_kernel(fd);
    Ref<File> file = SCONE_TRY(adopt_host_descriptor(fd, kO_RDWR, "/memfd:"));
    return static_cast<uint64_t>(SCONE_TRY(call.process().files->add(
        file, call.u32(1) & kMfdCloexec ? CloseOnExec::Yes : CloseOnExec::No)));
}

}  // namespace scone::libos
