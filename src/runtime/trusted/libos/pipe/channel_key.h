// The keys of what processes of one program say to each other, and how they come to processes that
// were there before: wrapped under a key that all of them inherit.
//
// Side:    trusted
// Layout:  docs/formats/shared-pipe.md, "Keys"
// Errors:  ENOMEM; EIO for a key that another program wrapped, or that the host changed
// Threads: thread-safe
// HOST:    it sees names and wrapped keys. It can hand over one channel of the program in place of
//          another, not turn a channel round or make one.
#pragma once

#include <cstdint>

#include "lib/aead/aes_gcm.h"
#include "runtime/trusted/libos/errno.h"

namespace scone::libos {

// What a key is for: bound to it.
struct ChannelName {
    enum Purpose : uint64_t { Pipe = 0, Stream = 2, Messages = 4 };
    uint64_t purpose = Pipe;    // of a pair of sockets: plus the side that writes, 0 or 1
    uint64_t identity[2] = {};  // random, the same for both directions
    friend bool operator==(const ChannelName&, const ChannelName&) = default;
};

// A key ready for use.
class ChannelKey {
  public:
    ChannelKey() = default;
    ChannelKey(const ChannelKey&) = delete;
    ChannelKey& operator=(const ChannelKey&) = delete;
    ~ChannelKey();
    // ENOMEM. Once.
    Result<void> set(const aead::GcmKey& key);
    const aead::GcmKeyContext& context() const { return *context_; }

  private:
    aead::GcmKeyContext* context_ = nullptr;
};

namespace channel_key {

// Where the wrapped key lies in the memory of a channel, and how large it is.
inline constexpr uint64_t kWrappedAt = 128, kWrappedSize = 88;

// Before the first fork: what all processes have in common.
Result<void> make_family_key();
// A random key.
void draw(aead::GcmKey& key);
// Preconditions: `address` is host memory with room for kWrappedSize.
Result<void> wrap(uint64_t address, const ChannelName& name, const aead::GcmKey& key);
Result<void> unwrap(uint64_t address, ChannelName& name, aead::GcmKey& key);

// A nonce that this process never had: 64 random bits and a counter, for all keys together.
aead::Nonce next_nonce();
// After a fork, in the child: nonces must not repeat.
void renew_nonces();

// Anonymous memory of the host that goes to other processes with a descriptor.
Result<int> make_memory(uint64_t size);
// The same with nothing but a wrapped key in it.
Result<int> make_key_memory(const ChannelName& name, const aead::GcmKey& key);
// The key in any channel's memory; the descriptor stays the caller's.
Result<void> read_memory(int memory_fd, ChannelName& name, aead::GcmKey& key);
// F_GETSIG of its descriptor: it means nothing without O_ASYNC.
inline constexpr uint64_t kMemoryMark = 62;

}  // namespace channel_key
}  // namespace scone::libos
