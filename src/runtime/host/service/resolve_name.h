// Names to addresses: /etc/hosts, then DNS by /etc/resolv.conf, through c-ares.
//
// Side:   host
// Errors: -ENOENT no such name, -EAGAIN no server answered, -EINVAL not a name or no room
#pragma once

#include <cstdint>

namespace scone::service {

struct NameRequest {
    uint64_t name;         // address of the name's bytes, without NUL
    uint64_t name_size;    // at most 253
    uint64_t answer;       // address for the answer
    uint64_t answer_size;  // room there
};

// Writes 20 bytes per address (u32 AF_INET or AF_INET6, 16 bytes address); returns their count.
// Uses the C library: the caller holds HostedSection.
int64_t resolve_name(const NameRequest& request);

}  // namespace scone::service
