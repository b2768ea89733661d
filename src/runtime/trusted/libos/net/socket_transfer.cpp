// Sending and receiving on a socket of the host, piece by piece.
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/net/host_wait.h"
#include "runtime/trusted/libos/net/socket.h"
#include "runtime/trusted/libos/vfs/transfer.h"

namespace scone::libos {

using namespace linux_abi;
using namespace socket_area;
using enclave::host_call;
using enclave::Interruptible;

void socket_area::put_header(uint64_t name_size, uint64_t payload, uint64_t control_size) {
    struct {
        MessageHeader header;
        Iovec vector;
    } out{};
    out.header.name = name_size != 0 ? at(kAddress) : 0;
    out.header.name_size = static_cast<uint32_t>(name_size);
    out.header.vectors = at(kHeader) + sizeof(MessageHeader);
    out.header.vector_count = 1;
    out.header.control = control_size != 0 ? at(kControl) : 0;
    out.header.control_size = control_size;
    out.vector = {at(kPayload), payload};
    enclave::copy_to_host(at(kHeader), &out, sizeof out);
}

Result<uint64_t> HostSocket::send(IoBuffer buffer, const Outgoing& extra, uint32_t flags) {
    bool stream = buffer.size() > piece_size() && is_stream();
    if (buffer.size() > piece_size() && !stream)
        return error(kEMSGSIZE);
    uint64_t done = 0;
    do {
        uint64_t size = buffer.size() < piece_size() ? buffer.size() : piece_size();
        auto sent = send_piece(buffer, size, done == 0 ? extra : Outgoing{}, flags);
        if (!sent)
            return done > 0 ? Result<uint64_t>(done) : sent;
        done += *sent;
        buffer.advance(*sent);
        // A short count of a blocking stream: a signal that the program does not see, or one that
        // ends the call with what is done.
        bool waits = !is_non_blocking() && !(flags & kMsgDontwait) && !signal_is_waiting();
        if (buffer.size() == 0 || (*sent < size && !waits))
            break;
    } while (is_stream());
    return done;
}

Result<uint64_t> HostSocket::send_piece(const IoBuffer& buffer, uint64_t size,
                                        const Outgoing& extra, uint32_t flags) {
    SCONE_TRY(buffer.get_to_host(0, at(kPayload), size));
    return interrupted_or(
        host_wait([&] {
            // Without a name and control messages the host need not take a header apart.
            if (extra.name_size == 0 && extra.control_size == 0)
                return enclave::checked_result(host_call(__NR_sendto, Interruptible::Yes, host(),
                                                         at(kPayload), size, flags | kMsgNosignal),
                                               size);
            put_header(extra.name_size, size, extra.control_size);
            return enclave::checked_result(host_call(__NR_sendmsg, Interruptible::Yes, host(),
                                                     at(kHeader), flags | kMsgNosignal),
                                           size);
        }),
        kERESTARTSYS);
}

Result<uint64_t> HostSocket::receive(IoBuffer buffer, Incoming& extra, uint32_t flags) {
    uint64_t done = 0;
    bool all = (flags & (kMsgWaitall | kMsgPeek | kMsgErrqueue)) == kMsgWaitall &&
               !is_non_blocking() && !(flags & kMsgDontwait) && is_stream();
    Incoming none;
    for (;;) {
        uint64_t size = buffer.size() < piece_size() ? buffer.size() : piece_size();
        auto got = receive_piece(buffer, size, done == 0 ? extra : none, flags);
        if (!got && got.error().value == kERESTARTSYS && done > 0 && !signal_is_waiting())
            continue;
        if (!got)
            return done > 0 ? Result<uint64_t>(done) : got;
        done += *got;
        if (!all || *got == 0 || *got >= buffer.size() || (*got < size && signal_is_waiting()))
            return done;
        buffer.advance(*got);
    }
}

Result<uint64_t> HostSocket::receive_piece(const IoBuffer& buffer, uint64_t size, Incoming& extra,
                                           uint32_t flags) {
    uint64_t limit = flags & kMsgTrunc ? INT32_MAX : size;
    bool whole = extra.name_room + extra.control_room != 0;
    int64_t result;
    if (whole) {
        put_header(extra.name_room, size, extra.control_room);
        result = host_call(__NR_recvmsg, Interruptible::Yes, host(), at(kHeader),
                           flags | kMsgCmsgCloexec);
    } else {
        result = host_call(__NR_recvfrom, Interruptible::Yes, host(), at(kPayload), size, flags);
    }
    auto count = SCONE_TRY(interrupted_or(enclave::checked_result(result, limit), kERESTARTSYS));
    if (whole)
        enclave::copy_from_host(&extra.host, at(kHeader), sizeof extra.host);
    SCONE_TRY(buffer.put_from_host(0, at(kPayload), count < size ? count : size));
    return count;
}

Result<uint64_t> HostSocket::write_now(IoBuffer& buffer) {
    return is_stream() ? send(buffer, {}, kMsgDontwait) : error(kEINVAL);
}

// Looks, and takes what was passed on. Another thread that reads the socket in between changes what
// is taken; Linux does not say what each of them gets either, but it gives nothing twice.
Result<uint64_t> HostSocket::give_now(uint64_t count, ByteSink& sink, Giving how) {
    if (!is_stream())
        return error(kEINVAL);
    TransferChunk chunk;
    if (chunk.bytes == nullptr)
        return error(kENOMEM);
    Incoming none;
    IoBuffer look = IoBuffer::of_runtime(
        chunk.bytes, count < TransferChunk::kSize ? count : TransferChunk::kSize);
    uint64_t there = SCONE_TRY(receive(look, none, kMsgPeek | kMsgDontwait));
    IoBuffer found = IoBuffer::of_runtime(chunk.bytes, there);
    uint64_t put = there > 0 ? SCONE_TRY(sink.put(found)) : 0;
    for (uint64_t taken = 0; how == Giving::Away && taken < put;) {
        IoBuffer rest = IoBuffer::of_runtime(chunk.bytes, put - taken);
        auto got = receive(rest, none, kMsgDontwait);
        if (!got || *got == 0)
            break;
        taken += *got;
    }
    return put;
}

}  // namespace scone::libos
