// A pair of SOCK_SEQPACKET or SOCK_DGRAM sockets: each message goes through the host's pair sealed
// by itself.
//
// Side:    trusted
// Threads: a direction is locked, at the sending and at the receiving side each, over calls of the
//          host that do not wait
// HOST:    it cannot read, change or invent messages, nor let a process have one twice or in
// another
//          order than its sender's. What else it can do stands in docs/formats/shared-socket.md.
// Source:  docs/formats/shared-socket.md
#pragma once

#include "runtime/trusted/enclave/sleep_lock.h"
#include "runtime/trusted/libos/net/pair_socket.h"
#include "runtime/trusted/libos/vector.h"

namespace scone::libos {

class MessagePair : public SocketPair {
  public:
    MessagePair() : SocketPair(ChannelName::Messages) {}
    ~MessagePair() override;
    static Result<Ref<SocketPair>> make();
    // From the memory of what one side reads, and of what it writes, whose name this is; takes the
    // descriptors over.
    static Result<Ref<SocketPair>> open(const ChannelName& writes, const Companions& memory,
                                        const aead::GcmKey& reading, const aead::GcmKey& writing);

    Result<uint64_t> try_send(PairSocket& end, const IoBuffer& buffer, uint64_t size,
                              const Outgoing& extra, uint32_t flags) override;
    Result<uint64_t> try_receive(PairSocket& end, const IoBuffer& buffer, uint64_t size,
                                 Incoming& extra, uint32_t flags) override;
    bool is_stream() const override { return false; }
    uint64_t piece_size() const override;
    Result<uint64_t> waiting_bytes(PairSocket& end) override;
    Result<Companions> share(unsigned side) override;

  private:
    // What a message begins with at the host.
    struct Head {
        uint8_t nonce[12], pad[4];
        uint64_t sender, sequence;  // a process's random number, and its messages from 0 on
        uint8_t tag[16];
    };
    static_assert(sizeof(Head) == 48);
    // The last message of each sender.
    struct Seen {
        uint64_t sender, sequence;
    };
    struct Channel {
        enclave::SleepLock sending, receiving;
        aead::GcmKey raw_key;
        ChannelKey key;
        int memory_fd = -1;
        uint64_t sender = 0, sequence = 0;  // the next one of this process; sender 0: not drawn
        Vector<Seen> seen;
        Result<void> set_key(const aead::GcmKey& key);
    };

    Result<void> about_to_fork() override;
    void after_fork() override;
    static Result<void> seal(Channel& channel, uint8_t* message, uint64_t size);
    static Result<Head> open_message(Channel& channel, uint8_t* message, uint64_t size);
    Result<void> check_order(Channel& channel, const Head& head, bool takes);
    Channel& written_by(unsigned side) { return channels_[side]; }
    Channel& read_by(unsigned side) { return channels_[1 - side]; }

    Channel channels_[2];
    // No other process has it or had it: then nothing can be missing either.
    std::atomic<bool> alone_{true};
};

}  // namespace scone::libos
