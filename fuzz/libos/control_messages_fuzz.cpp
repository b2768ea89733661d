// Any bytes as the control messages of a sendmsg by the program, or of the host's answer to a
// recvmsg: who reads what came over walks whole messages, and each descriptor of the host is taken
// over or closed, once.
//
// Input: u8 1 for the host's answer, u16 LE room of the program or size of its messages, messages.
#include <string.h>

#include "fuzz/libos/fake_enclave.h"
#include "lib/base/bytes.h"
#include "lib/base/checked.h"
#include "lib/base/endian.h"
#include "runtime/trusted/libos/net/control_messages.h"
#include "runtime/trusted/libos/net/pair_socket.h"
#include "runtime/trusted/libos/pipe/pipe.h"

namespace {

using namespace scone;
using namespace scone::libos;
using fuzz::must;

constexpr uint64_t kHead = 16;
constexpr int32_t kSolSocket = 1, kScmRights = 1;

uint64_t disposed;  // descriptors of the host that were taken over or closed

class OtherFile final : public File {
  public:
    explicit OtherFile(int host_fd) : File(0), host_fd_(host_fd) {}
    Result<void> stat(linux_abi::Stat&) override { return {}; }
    int host_descriptor() const override { return host_fd_; }
    Result<Companions> share() override { return Companions{{7, 8}, unsigned(host_fd_) % 3}; }

  private:
    int host_fd_;
};

Result<Ref<File>> take_over(uint64_t count) {
    disposed += count;
    return Ref<File>(make_ref<OtherFile>(5));
}

// As CMSG_NXTHDR does it. Hands back the number of descriptors.
uint64_t walk(base::Bytes messages) {
    uint64_t descriptors = 0;
    while (messages.size() >= kHead) {
        uint64_t length = base::load_le64(messages.data());
        must(length >= kHead && length <= messages.size());
        if (base::load_le32(&messages[8]) == kSolSocket &&
            base::load_le32(&messages[12]) == kScmRights)
            descriptors += (length - kHead) / sizeof(int32_t);
        messages = messages.subspan(std::min(base::round_up(length, 8), messages.size()));
    }
    return descriptors;
}

}  // namespace

namespace scone::enclave {

// fcntl with F_GETSIG and F_GETFL: what a descriptor is lies in its number.
int64_t host_call(uint64_t, Interruptible, uint64_t fd, uint64_t command, uint64_t, uint64_t,
                  uint64_t, uint64_t) {
    constexpr uint64_t kFGetfl = 3;
    if (command == kFGetfl)
        return fd & 4 ? -linux_abi::kEBADF : linux_abi::kO_RDWR;
    return fd % 4 == 0   ? static_cast<int64_t>(channel_key::kMemoryMark)
           : fd % 4 == 1 ? static_cast<int64_t>(kTokenMark)
                         : 0;
}
int64_t checked_result(int64_t result, uint64_t) {
    return result;
}
int64_t host_close(int) {
    ++disposed;
    return 0;
}

}  // namespace scone::enclave

namespace scone::libos {

Result<Ref<File>> FdTable::get(int fd) {
    if (fd < 0)
        return error(linux_abi::kEBADF);
    return Ref<File>(make_ref<OtherFile>(fd % 8 - 1));
}
Result<int> FdTable::add(Ref<File>, CloseOnExec, int) {
    return 3;
}
Result<Ref<File>> PipeEnd::receive(int, int, uint32_t) {
    return take_over(2);
}
Result<Ref<File>> PairSocket::receive(const Companions&, int, uint32_t) {
    return take_over(3);
}
Result<Ref<File>> adopt_host_descriptor(int64_t, uint32_t, std::string_view) {
    return take_over(1);
}

}  // namespace scone::libos

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 3)
        return 0;
    const bool from_host = data[0] == 1;
    const uint64_t room = base::load_le16(data + 1);
    const base::Bytes given(data + 3, size - 3);
    auto* window = reinterpret_cast<uint8_t*>(socket_area::at(socket_area::kControl));
    Thread thread;
    thread.process = make_ref<Process>();
    thread.process->files = make_ref<FdTable>();
    enclave::Registers frame{};
    Call call{thread, frame, {}};
    if (from_host) {
        const base::Bytes messages =
            given.first(std::min<size_t>(given.size(), socket_area::kControlSize));
        base::copy_bytes({window, messages.size()}, messages);
        fuzz::program_memory.assign(room, 0);
        disposed = 0;
        auto taken =
            take_control_messages(call, fuzz::kProgramMemory, room, messages.size(), false);
        if (!taken)
            return 0;
        must(taken->size <= room);
        walk(base::Bytes(fuzz::program_memory).first(taken->size));
        must(disposed == walk(messages));
    } else {
        fuzz::program_memory.assign(given.begin(), given.end());
        Vector<Ref<File>> held;
        auto put = put_control_messages(call, fuzz::kProgramMemory, room, held);
        if (!put)
            return 0;
        must(*put <= socket_area::kControlSize);
        must(walk({window, *put}) >= held.size());
    }
    return 0;
}
