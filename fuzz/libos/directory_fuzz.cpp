// Any bytes as the host's answer to getdents64: a program that walks the records that it is given
// stays inside of its buffer, and every name ends.
//
// Input: u16 LE size of the program's buffer, i32 LE result of the call, what the host wrote.
#include <string.h>

#include "fuzz/libos/fake_enclave.h"
#include "lib/base/bytes.h"
#include "lib/base/endian.h"
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/libos/fs/host_attribute.h"
#include "runtime/trusted/libos/fs/host_file.h"
#include "runtime/trusted/libos/fs/host_ioctl.h"
#include "runtime/trusted/libos/net/epoll.h"
#include "runtime/trusted/libos/net/socket.h"
#include "runtime/trusted/libos/signal/delivery.h"
#include "runtime/trusted/libos/vfs/vfs.h"

namespace {

using namespace scone;
using fuzz::must;

base::Bytes written;
int64_t answer;

}  // namespace

namespace scone::enclave {

// The only call that the target makes is getdents64.
int64_t host_call(uint64_t, Interruptible, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                  uint64_t) {
    memset(reinterpret_cast<void*>(window_data()), 0, window_data_size());
    if (!written.empty())
        memcpy(reinterpret_cast<void*>(window_data()), written.data(),
               std::min<size_t>(written.size(), window_data_size()));
    return answer;
}
int64_t checked_result(int64_t result, uint64_t limit) {
    return result < -4095 || (result >= 0 && static_cast<uint64_t>(result) > limit)
               ? -linux_abi::kEIO
               : result;
}

// Named by the file under test, not reached from here.
int64_t host_close(int) {
    return 0;
}
int64_t host_fstat(int, linux_abi::Stat&) {
    return -linux_abi::kEBADF;
}
int64_t host_open(std::string_view, uint64_t, uint64_t, Interruptible) {
    return -linux_abi::kENOENT;
}

}  // namespace scone::enclave

namespace scone::libos {

Result<uint64_t> host_ioctl(File&, int, uint64_t, uint64_t) {
    return error(linux_abi::kENOTTY);
}
Result<uint64_t> host_attribute(int, ExtendedAttribute&) {
    return error(linux_abi::kEOPNOTSUPP);
}
void forget_in_epolls(const File&) {}
enclave::Interruptible terminal_call(int) {
    return enclave::Interruptible::Yes;
}
Result<Ref<File>> adopt_host_socket(int64_t, uint32_t) {
    return error(linux_abi::kEBADF);
}
void vfs::move_path(Path&, std::string_view, std::string_view) {}

}  // namespace scone::libos

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace scone::libos;
    if (size < 6)
        return 0;
    size_t room = base::load_le16(data);
    answer = static_cast<int32_t>(base::load_le32(data + 2));
    written = base::Bytes(data + 6, size - 6);
    fuzz::program_memory.assign(room, 0xaa);
    HostFile folder(3, 0, linux_abi::kS_IFDIR, "/folder");
    IoBuffer buffer = IoBuffer::of_program(fuzz::kProgramMemory, room);
    auto count = folder.read_directory(buffer);
    if (!count) {
        for (uint8_t byte : fuzz::program_memory)
            must(byte == 0xaa);
        return 0;
    }
    must(*count <= room);
    // As readdir(3) does it.
    const base::Bytes records = base::Bytes(fuzz::program_memory).first(*count);
    for (size_t at = 0; at < records.size();) {
        must(records.size() - at >= 24);
        size_t record = base::load_le16(&records[at + 16]);
        must(record >= 24 && record % 8 == 0 && record <= records.size() - at);
        must(memchr(&records[at + 19], 0, record - 19) != nullptr);
        at += record;
    }
    return 0;
}
