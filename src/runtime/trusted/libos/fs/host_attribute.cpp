#include "runtime/trusted/libos/fs/host_attribute.h"

#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using What = ExtendedAttribute::What;

constexpr uint64_t kNumbers[][3] = {
    // path, path of a link, descriptor
    {__NR_setxattr, __NR_lsetxattr, __NR_fsetxattr},
    {__NR_getxattr, __NR_lgetxattr, __NR_fgetxattr},
    {__NR_listxattr, __NR_llistxattr, __NR_flistxattr},
    {__NR_removexattr, __NR_lremovexattr, __NR_fremovexattr},
};

// `target` is the first argument: a path in the window, or a descriptor.
Result<uint64_t> call(unsigned form, uint64_t target, ExtendedAttribute& request) {
    uint64_t window = enclave::window_data();
    uint64_t name = window + enclave::kSecondPath, value = window + enclave::kResultArea;
    enclave::copy_to_host(name, request.name.c_str(), request.name.size() + 1);
    bool sets = request.what == What::Set, lists = request.what == What::List;
    bool has_result = lists || request.what == What::Get;
    if (sets && request.size > 0)
        enclave::copy_to_host(value, request.value, request.size);
    uint64_t at = request.size > 0 || sets ? value : 0;
    uint64_t limit = !has_result ? 0 : request.size > 0 ? request.size : kMaximumAttributeValue;
    // listxattr has no name: value and size stand one place further on the left.
    int64_t result = enclave::checked_result(
        enclave::host_call(kNumbers[static_cast<unsigned>(request.what)][form],
                           enclave::Interruptible::No, target, lists ? at : name,
                           lists ? request.size : at, request.size, request.flags),
        limit);
    if (result > 0 && has_result && request.size > 0)
        enclave::copy_from_host(request.value, value, static_cast<uint64_t>(result));
    return from_kernel(result);
}

}  // namespace

Result<uint64_t> host_attribute(std::string_view host_path, Follow follow,
                                ExtendedAttribute& request) {
    Path path(host_path);
    if (path.overflowed())
        return error(kENAMETOOLONG);
    enclave::copy_to_host(enclave::window_data(), path.c_str(), path.size() + 1);
    return call(follow == Follow::Yes ? 0 : 1, enclave::window_data(), request);
}

Result<uint64_t> host_attribute(int host_fd, ExtendedAttribute& request) {
    return call(2, static_cast<uint64_t>(host_fd), request);
}

}  // namespace scone::libos
