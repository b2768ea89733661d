#include "runtime/trusted/libos/fs/device_files.h"

#include "runtime/trusted/enclave/leaf_unsafe.h"

namespace scone::libos {
namespace {
using namespace linux_abi;
const uint8_t zeros[4096] = {};
}  // namespace

Result<uint64_t> DeviceFile::read(IoBuffer& buffer) {
    if (device_ == Device::Null)
        return 0;
    uint8_t random[512];
    for (uint64_t done = 0; done < buffer.size();) {
        uint64_t unit = device_ == Device::Random ? sizeof random : sizeof zeros;
        uint64_t step = buffer.size() - done < unit ? buffer.size() - done : unit;
        if (device_ == Device::Random)
            enclave::fill_random(random, step);
        SCONE_TRY(buffer.put(done, device_ == Device::Random ? random : zeros, step));
        done += step;
    }
    return buffer.size();
}

Result<uint64_t> DeviceFile::write(IoBuffer& buffer) {
    if (device_ == Device::Full)
        return error(kENOSPC);
    return buffer.size();
}

Result<void> DeviceFile::stat(Stat& out) {
    out = {};
    out.dev = 5, out.ino = minor_, out.nlink = 1;
    out.mode = kS_IFCHR | 0666;
    out.rdev = 1 << 8 | minor_;
    out.blksize = 4096;
    return {};
}

Result<Ref<File>> DeviceFile::reopen(uint32_t flags) {
    auto file = make_ref<DeviceFile>(device_, minor_, flags & ~(kO_CREAT | kO_TRUNC | kO_CLOEXEC));
    if (!file)
        return error(kENOMEM);
    return Ref<File>(file);
}

void DeviceFile::describe(Path& out) const {
    constexpr uint32_t kNullMinor = 3, kZeroMinor = 5, kFullMinor = 7, kRandomMinor = 8;
    out.append(minor_ == kNullMinor     ? "/dev/null"
               : minor_ == kZeroMinor   ? "/dev/zero"
               : minor_ == kFullMinor   ? "/dev/full"
               : minor_ == kRandomMinor ? "/dev/random"
                                        : "/dev/urandom");
}

}  // namespace scone::libos
