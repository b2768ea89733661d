#include "runtime/trusted/libos/net/message_pair.h"

#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/enclave/leaf_unsafe.h"
#include "runtime/trusted/libos/vector_section.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using namespace socket_area;
using enclave::Guard;
using enclave::host_call;
using enclave::Interruptible;

// A message, head and text, on its way in or out.
struct Message {
    explicit Message(uint64_t size)
        : bytes(static_cast<uint8_t*>(enclave::heap_allocate(size + 8))), room(size) {}
    ~Message() {
        if (bytes != nullptr)
            base::wipe(bytes, room);
        enclave::heap_free(bytes);
    }
    Message(const Message&) = delete;
    Message& operator=(const Message&) = delete;
    uint8_t* bytes;
    uint64_t room;
};

base::ByteArray<24> additional_data(uint64_t sender, uint64_t sequence, uint64_t size) {
    uint64_t words[3] = {sender, sequence, size};
    base::ByteArray<24> bytes;
    __builtin_memcpy(bytes.data(), words, sizeof words);
    return bytes;
}

// The messages of one call to the host; the size of the whole message, also where it is cut.
int64_t receive_sealed(const PairSocket& end, uint64_t room, Incoming& extra, uint64_t flags) {
    if (extra.name_room + extra.control_room == 0)
        return enclave::checked_result(host_call(__NR_recvfrom, Interruptible::No, end.host(),
                                                 at(kPayload), room, flags | kMsgTrunc),
                                       INT32_MAX);
    put_header(extra.name_room, room, extra.control_room);
    int64_t result =
        enclave::checked_result(host_call(__NR_recvmsg, Interruptible::No, end.host(), at(kHeader),
                                          flags | kMsgTrunc | kMsgCmsgCloexec),
                                INT32_MAX);
    if (result >= 0)
        enclave::copy_from_host(&extra.host, at(kHeader), sizeof extra.host);
    return result;
}

}  // namespace

Result<void> MessagePair::Channel::set_key(const aead::GcmKey& given) {
    auto to = raw_key.expose_mutable();
    __builtin_memcpy(to.data(), given.expose().data(), aead::kGcmKeySize);
    return key.set(given);
}

Result<Ref<SocketPair>> MessagePair::make() {
    auto pair = make_ref<MessagePair>();
    if (!pair)
        return error(kENOMEM);
    for (Channel& channel : pair->channels_) {
        aead::GcmKey key;
        channel_key::draw(key);
        SCONE_TRY(channel.set_key(key));
    }
    SCONE_TRY(pair->note());
    return Ref<SocketPair>(pair);
}

Result<Ref<SocketPair>> MessagePair::open(const ChannelName& writes, const Companions& memory,
                                          const aead::GcmKey& reading,
                                          const aead::GcmKey& writing) {
    unsigned side = writes.purpose & 1;
    auto pair = make_ref<MessagePair>();
    if (!pair) {
        enclave::host_close(memory.fds[0]);
        enclave::host_close(memory.fds[1]);
        return error(kENOMEM);
    }
    pair->take_identity(writes);
    pair->alone_ = false;
    pair->read_by(side).memory_fd = memory.fds[0];
    pair->written_by(side).memory_fd = memory.fds[1];
    SCONE_TRY(pair->read_by(side).set_key(reading));
    SCONE_TRY(pair->written_by(side).set_key(writing));
    SCONE_TRY(pair->note());
    return Ref<SocketPair>(pair);
}

MessagePair::~MessagePair() {
    for (Channel& channel : channels_)
        if (channel.memory_fd >= 0)
            enclave::host_close(channel.memory_fd);
}

uint64_t MessagePair::piece_size() const {
    return payload_room() - sizeof(Head);
}

// message: room for the head, then the text.
Result<void> MessagePair::seal(Channel& channel, uint8_t* message, uint64_t size) {
    while (channel.sender == 0)
        enclave::fill_random(&channel.sender, sizeof channel.sender);
    Head head{};
    aead::Nonce nonce = channel_key::next_nonce();
    __builtin_memcpy(head.nonce, nonce.bytes.data(), sizeof head.nonce);
    head.sender = channel.sender;
    head.sequence = channel.sequence;
    base::MutableBytes text{message + sizeof head, size};
    auto tag = aead::gcm_seal(runtime_cipher(), channel.key.context(), nonce,
                              additional_data(head.sender, head.sequence, size), text, text);
    if (!tag)
        return error(kEIO);
    __builtin_memcpy(head.tag, tag->data(), sizeof head.tag);
    __builtin_memcpy(message, &head, sizeof head);
    return {};
}

Result<MessagePair::Head> MessagePair::open_message(Channel& channel, uint8_t* message,
                                                    uint64_t size) {
    Head head;
    __builtin_memcpy(&head, message, sizeof head);
    aead::Nonce nonce;
    __builtin_memcpy(nonce.bytes.data(), head.nonce, sizeof head.nonce);
    base::MutableBytes text{message + sizeof head, size};
    auto opened = aead::gcm_open(runtime_cipher(), channel.key.context(), nonce,
                                 additional_data(head.sender, head.sequence, size), text,
                                 std::span<const uint8_t, 16>(head.tag), text);
    return opened ? Result<Head>(head) : error(kEIO);
}

// Messages of one sender come in its order, and where no other process can have taken any, all of
// them.
Result<void> MessagePair::check_order(Channel& channel, const Head& head, bool takes) {
    Seen* last = nullptr;
    for (Seen& entry : channel.seen)
        if (entry.sender == head.sender)
            last = &entry;
    bool in_order = last == nullptr ? !alone_ || head.sequence == 0
                    : alone_        ? head.sequence == last->sequence + 1
                                    : head.sequence > last->sequence;
    if (!in_order)
        return error(kEIO);
    if (!takes)
        return {};
    if (last != nullptr)
        last->sequence = head.sequence;
    else if (!channel.seen.push({head.sender, head.sequence}))
        return error(kENOMEM);
    return {};
}

Result<uint64_t> MessagePair::try_send(PairSocket& end, const IoBuffer& buffer, uint64_t size,
                                       const Outgoing& extra, uint32_t flags) {
    Channel& channel = written_by(end.side());
    uint64_t whole = sizeof(Head) + size, host_flags = flags | kMsgDontwait | kMsgNosignal;
    Message message(whole);
    if (message.bytes == nullptr)
        return error(kENOBUFS);
    SCONE_TRY(buffer.get(0, message.bytes + sizeof(Head), size));
    Guard guard(channel.sending);
    SCONE_TRY(seal(channel, message.bytes, size));
    enclave::copy_to_host(at(kPayload), message.bytes, whole);
    if (extra.control_size != 0)
        put_header(0, whole, extra.control_size);
    int64_t result =
        extra.control_size == 0
            ? host_call(__NR_sendto, Interruptible::No, end.host(), at(kPayload), whole, host_flags)
            : host_call(__NR_sendmsg, Interruptible::No, end.host(), at(kHeader), host_flags);
    uint64_t sent = SCONE_TRY(from_kernel(enclave::checked_result(result, whole)));
    if (sent != whole)
        return error(kEIO);
    channel.sequence++;
    return size;
}

// HOST: a message that is longer than the window, or shorter than its head, is none of ours.
Result<uint64_t> MessagePair::try_receive(PairSocket& end, const IoBuffer& buffer, uint64_t size,
                                          Incoming& extra, uint32_t flags) {
    Channel& channel = read_by(end.side());
    uint64_t room = payload_room();
    Guard guard(channel.receiving);
    uint64_t whole =
        SCONE_TRY(from_kernel(receive_sealed(end, room, extra, kMsgDontwait | (flags & kMsgPeek))));
    if (whole == 0)  // the end
        return 0;
    if (whole < sizeof(Head) || whole > room)
        return error(kEIO);
    Message message(whole);
    if (message.bytes == nullptr)
        return error(kENOMEM);
    enclave::copy_from_host(message.bytes, at(kPayload), whole);
    uint64_t real = whole - sizeof(Head), copied = real < size ? real : size;
    Head head = SCONE_TRY(open_message(channel, message.bytes, real));
    SCONE_TRY(check_order(channel, head, !(flags & kMsgPeek)));
    auto trunc = static_cast<int32_t>(kMsgTrunc);
    extra.host.flags = (extra.host.flags & ~trunc) | (real > size ? trunc : 0);
    SCONE_TRY(buffer.put(0, message.bytes + sizeof(Head), copied));
    return flags & kMsgTrunc ? real : copied;
}

Result<uint64_t> MessagePair::waiting_bytes(PairSocket& end) {
    Incoming none;
    int64_t whole = receive_sealed(end, 0, none, kMsgDontwait | kMsgPeek);
    if (whole < 0 && whole != -kEAGAIN)
        return error(static_cast<int>(-whole));
    return whole < static_cast<int64_t>(sizeof(Head)) ? 0
                                                      : static_cast<uint64_t>(whole) - sizeof(Head);
}

Result<void> MessagePair::about_to_fork() {
    alone_ = false;
    return {};
}

// The child is a sender of its own.
void MessagePair::after_fork() {
    for (Channel& channel : channels_)
        channel.sender = channel.sequence = 0;
}

Result<Companions> MessagePair::share(unsigned side) {
    Guard first(channels_[0].sending);
    Guard second(channels_[1].sending);
    alone_ = false;
    for (unsigned writer = 0; writer < 2; writer++) {
        Channel& channel = channels_[writer];
        if (channel.memory_fd < 0)
            channel.memory_fd =
                SCONE_TRY(channel_key::make_key_memory(channel_name(writer), channel.raw_key));
    }
    return Companions{{read_by(side).memory_fd, written_by(side).memory_fd}, 2};
}

}  // namespace scone::libos
