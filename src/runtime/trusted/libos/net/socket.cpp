#include "runtime/trusted/libos/net/socket.h"

#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/net/interface_ioctl.h"
#include "runtime/trusted/libos/program_memory.h"

namespace scone::libos {

using namespace linux_abi;
using enclave::host_call;
using enclave::Interruptible;

namespace socket_area {

Result<uint32_t> put_address(uint64_t address, uint64_t size) {
    if (size > kMaximumAddress)
        return error(kEINVAL);
    uint8_t copy[kMaximumAddress + 8] = {};
    SCONE_TRY(copy_from_program(copy, address, size));
    enclave::copy_to_host(at(kAddress), copy, size);
    return static_cast<uint32_t>(size);
}

Result<void> get_address(uint64_t address, uint64_t size_address, uint32_t host_size) {
    if (address == 0)
        return {};
    uint32_t room = SCONE_TRY(AppPtr<uint32_t>(size_address).load());
    if (static_cast<int32_t>(room) < 0)
        return error(kEINVAL);
    uint32_t size = host_size < kMaximumAddress ? host_size : kMaximumAddress;
    uint8_t copy[kMaximumAddress];
    enclave::copy_from_host(copy, at(kAddress), size);
    SCONE_TRY(copy_to_program(address, copy, size < room ? size : room));
    return AppPtr<uint32_t>(size_address).store(size);
}

uint32_t host_size() {
    return static_cast<uint32_t>(enclave::host_load(reinterpret_cast<const void*>(at(kHeader))));
}
void set_host_size(uint32_t size) {
    enclave::host_store(reinterpret_cast<void*>(at(kHeader)), size);
}

}  // namespace socket_area

HostSocket::HostSocket(int host_fd, uint32_t status_flags)
    : HostFile(host_fd, status_flags, kS_IFSOCK | 0777, "socket:[1]") {}

uint32_t HostSocket::type() {
    constexpr uint64_t kSolSocket = 1, kSoType = 3;
    if (type_ == 0) {
        socket_area::set_host_size(sizeof(uint32_t));
        int64_t result = enclave::checked_result(
            host_call(__NR_getsockopt, Interruptible::No, host(), kSolSocket, kSoType,
                      socket_area::at(socket_area::kPayload),
                      socket_area::at(socket_area::kHeader)),
            0);
        if (result == 0)
            type_ = static_cast<uint32_t>(enclave::host_load(
                reinterpret_cast<const void*>(socket_area::at(socket_area::kPayload))));
    }
    return type_;
}

Result<uint64_t> HostSocket::ioctl(uint64_t request, uint64_t argument) {
    if (is_interface_ioctl(request))
        return interface_ioctl(host_fd_, request, argument);
    return HostFile::ioctl(request, argument);
}

Result<Ref<HostSocket>> socket_of(Call& call, unsigned index) {
    Ref<File> file = SCONE_TRY(call.file(index));
    if (file->kind() == FileKind::Socket)
        return Ref<HostSocket>(static_cast<HostSocket*>(file.get()));
    return error(kENOTSOCK);
}

Result<Ref<File>> adopt_host_socket(int64_t host_fd, uint32_t status_flags) {
    auto file = make_ref<HostSocket>(static_cast<int>(host_fd), status_flags);
    if (!file) {
        enclave::host_close(static_cast<int>(host_fd));
        return error(kENOMEM);
    }
    return Ref<File>(file);
}

SyscallResult add_socket(Call& call, int64_t host_fd, uint32_t type_flags) {
    Ref<File> file = SCONE_TRY(adopt_host_socket(host_fd, kO_RDWR | (type_flags & kO_NONBLOCK)));
    return static_cast<uint64_t>(SCONE_TRY(call.process().files->add(
        file, type_flags & kO_CLOEXEC ? CloseOnExec::Yes : CloseOnExec::No)));
}

}  // namespace scone::libos
