// A stream of bytes as the channel needs it: sockets in the services, host calls in the enclave.
//
// Side:    hosted
#pragma once

#include "lib/channel/error.h"

namespace scone::channel {

// The owner of `context` outlives every session that uses the table. A transport may give up after
// a time of its own choice (ETIMEDOUT); the channel never waits by itself.
struct Transport {
    void* context = nullptr;
    // Reads at least one byte and at most buffer.size() bytes. The count; 0 at the end of the
    // stream; a negative Linux errno.
    int64_t (*read)(void* context, base::MutableBytes buffer) = nullptr;
    // Writes some of the bytes, at least one. The count, or a negative Linux errno.
    int64_t (*write)(void* context, Bytes data) = nullptr;
};

// Transport when the write fails, Closed when the stream took nothing.
Result<void> write_all(const Transport& transport, Bytes data);

}  // namespace scone::channel
