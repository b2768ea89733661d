#include "runtime/trusted/libos/net/interface_ioctl.h"

#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/program_memory.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

constexpr uint32_t kGetConfiguration = 0x8912;  // SIOCGIFCONF
constexpr uint64_t kRequestSize = 40;           // struct ifreq
constexpr uint64_t kMaximumList = 8192;

// Requests on one struct ifreq without a pointer in it. Changes are left to who configures the
// host.
constexpr uint16_t kIfreq[] = {
    0x8910,  // SIOCGIFNAME
    0x8913,  // SIOCGIFFLAGS
    0x8915,  // SIOCGIFADDR
    0x8917,  // SIOCGIFDSTADDR
    0x8919,  // SIOCGIFBRDADDR
    0x891b,  // SIOCGIFNETMASK
    0x891d,  // SIOCGIFMETRIC
    0x8921,  // SIOCGIFMTU
    0x8927,  // SIOCGIFHWADDR
    0x8933,  // SIOCGIFINDEX
    0x8942,  // SIOCGIFTXQLEN
};
// Requests whose result is one int.
constexpr uint16_t kInt[] = {
    0x8905,  // SIOCATMARK
    0x8904,  // SIOCGPGRP
};

template <size_t N>
bool contains(const uint16_t (&list)[N], uint64_t request) {
    for (uint16_t known : list)
        if (known == request)
            return true;
    return false;
}

Result<uint64_t> plain(int host_fd, uint64_t request, uint64_t argument, uint64_t in_size,
                       uint64_t out_size) {
    alignas(8) uint8_t structure[kRequestSize] = {};
    SCONE_TRY(copy_from_program(structure, argument, in_size));
    int64_t result = enclave::host_structure_call(__NR_ioctl, 2, structure, in_size, out_size,
                                                  static_cast<uint64_t>(host_fd), request);
    if (result >= 0)
        SCONE_TRY(copy_to_program(argument, structure, out_size));
    return from_kernel(result);
}

// struct ifconf { int size; struct ifreq* list; }: with a null list only the size is wanted.
Result<uint64_t> configuration(int host_fd, uint64_t argument) {
    struct Configuration {
        int32_t size, pad;
        uint64_t list;
    };
    Configuration wanted = SCONE_TRY(AppPtr<Configuration>(argument).load());
    if (wanted.size < 0)
        return error(kEINVAL);
    uint64_t room = static_cast<uint64_t>(wanted.size) < kMaximumList
                        ? static_cast<uint64_t>(wanted.size)
                        : kMaximumList;
    uint64_t at = enclave::window_data() + enclave::kResultArea;
    Configuration host{static_cast<int32_t>(room), 0, wanted.list != 0 ? at + 64 : 0};
    enclave::copy_to_host(at, &host, sizeof host);
    int64_t result = enclave::checked_result(
        enclave::host_call(__NR_ioctl, enclave::Interruptible::No, static_cast<uint64_t>(host_fd),
                           kGetConfiguration, at),
        INT32_MAX);
    if (result < 0)
        return from_kernel(result);
    auto size = static_cast<uint32_t>(enclave::host_load(reinterpret_cast<const void*>(at)));
    if (wanted.list != 0) {
        // HOST: no more than there was room for, in whole entries.
        if (size > room || size % kRequestSize != 0)
            return error(kEIO);
        alignas(8) uint8_t entry[kRequestSize];
        for (uint64_t done = 0; done < size; done += kRequestSize) {
            enclave::copy_from_host(entry, at + 64 + done, kRequestSize);
            SCONE_TRY(copy_to_program(wanted.list + done, entry, kRequestSize));
        }
    }
    SCONE_TRY(AppPtr<int32_t>(argument).store(static_cast<int32_t>(size)));
    return 0;
}

}  // namespace

bool is_interface_ioctl(uint64_t request) {
    return request == kGetConfiguration || contains(kIfreq, request) || contains(kInt, request);
}

Result<uint64_t> interface_ioctl(int host_fd, uint64_t request, uint64_t argument) {
    if (request == kGetConfiguration)
        return configuration(host_fd, argument);
    return contains(kInt, request) ? plain(host_fd, request, argument, 0, sizeof(int32_t))
                                   : plain(host_fd, request, argument, kRequestSize, kRequestSize);
}

}  // namespace scone::libos
