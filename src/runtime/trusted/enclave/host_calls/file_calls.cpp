#include "runtime/trusted/enclave/host_calls/file_calls.h"

#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"

namespace scone::enclave {
namespace {

constexpr uint64_t kAtFdcwd = static_cast<uint64_t>(-100);
constexpr int64_t kEnametoolong = 36;
constexpr uint64_t kMaximumFd = 1 << 24;

bool put_path(std::string_view path, uint64_t at) {
    if (path.size() >= 4096)
        return false;
    char text[4096 + 8];
    __builtin_memcpy(text, path.data(), path.size());
    text[path.size()] = 0;
    copy_to_host(window_data() + at, text, path.size() + 1);
    return true;
}

}  // namespace

int64_t host_open(std::string_view path, uint64_t flags, uint64_t mode,
                  Interruptible interruptible) {
    if (!put_path(path, 0))
        return -kEnametoolong;
    return checked_result(
        host_call(__NR_openat, interruptible, kAtFdcwd, window_data(), flags, mode), kMaximumFd);
}

int64_t host_close(int fd) {
    return checked_result(host_call(__NR_close, Interruptible::No, static_cast<uint64_t>(fd)), 0);
}

int64_t host_stat(std::string_view path, bool follow, linux_abi::Stat& out) {
    if (!put_path(path, 0))
        return -kEnametoolong;
    int64_t result = checked_result(
        host_call(__NR_newfstatat, Interruptible::No, kAtFdcwd, window_data(),
                  window_data() + kResultArea, follow ? 0 : linux_abi::kAT_SYMLINK_NOFOLLOW),
        0);
    if (result == 0)
        copy_from_host(&out, window_data() + kResultArea, sizeof out);
    return result;
}

int64_t host_fstat(int fd, linux_abi::Stat& out) {
    return host_structure_call(__NR_fstat, 1, &out, 0, sizeof out, static_cast<uint64_t>(fd));
}

int64_t host_read_link(std::string_view path, char* out, uint64_t size) {
    if (!put_path(path, 0))
        return -kEnametoolong;
    int64_t result = checked_result(host_call(__NR_readlinkat, Interruptible::No, kAtFdcwd,
                                              window_data(), window_data() + kResultArea, size),
                                    size);
    if (result > 0)
        copy_from_host(out, window_data() + kResultArea, static_cast<uint64_t>(result));
    return result;
}

int64_t host_path_call(uint64_t number, std::string_view path, uint64_t a1, uint64_t a2,
                       uint64_t a3) {
    if (!put_path(path, 0))
        return -kEnametoolong;
    return checked_result(host_call(number, Interruptible::No, window_data(), a1, a2, a3), 0);
}

int64_t host_path_at_call(uint64_t number, std::string_view path, uint64_t a2, uint64_t a3,
                          uint64_t a4) {
    if (!put_path(path, 0))
        return -kEnametoolong;
    return checked_result(host_call(number, Interruptible::No, kAtFdcwd, window_data(), a2, a3, a4),
                          0);
}

int64_t host_two_path_call(uint64_t number, std::string_view from, std::string_view to,
                           uint64_t flags) {
    if (!put_path(from, 0) || !put_path(to, kSecondPath))
        return -kEnametoolong;
    if (number == __NR_symlinkat)
        return checked_result(host_call(number, Interruptible::No, window_data(), kAtFdcwd,
                                        window_data() + kSecondPath),
                              0);
    return checked_result(host_call(number, Interruptible::No, kAtFdcwd, window_data(), kAtFdcwd,
                                    window_data() + kSecondPath, flags),
                          0);
}

int64_t host_structure_call(uint64_t number, uint64_t index, void* structure, uint64_t in_size,
                            uint64_t out_size, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                            Interruptible interruptible) {
    uint64_t at = window_data() + kResultArea;
    if (in_size > 0)
        copy_to_host(at, structure, in_size);
    uint64_t args[6] = {a0, a1, a2, a3, 0, 0};
    args[index] = at;
    int64_t result = checked_result(
        host_call(number, interruptible, args[0], args[1], args[2], args[3], args[4], args[5]),
        INT32_MAX);
    if (result >= 0 && out_size > 0)
        copy_from_host(structure, at, out_size);
    return result;
}

}  // namespace scone::enclave
