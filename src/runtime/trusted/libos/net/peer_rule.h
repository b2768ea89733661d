// Whether a program may make pipes and pairs of sockets: SCONE_PIPE and SCONE_SOCKETPAIR.
//
// Side:    trusted
// Values:  deny (pipe or socketpair is EACCES), allow-events, allow. The last two mean the same
// here:
//          their bytes do not reach the host, so that there is nothing to restrict. An attested
//          start takes them from the policy, others from the host.
// Threads: set once before the program starts, then only read
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace scone::libos {

enum class PeerRule : uint8_t { Allow, Deny };

struct PeerRules {
    PeerRule pipe = PeerRule::Allow, socketpair = PeerRule::Allow;
};

// nullopt for a value that there is not; the empty one is Allow.
std::optional<PeerRule> parse_peer_rule(std::string_view value);
void set_peer_rules(const PeerRules& rules);
const PeerRules& peer_rules();

}  // namespace scone::libos
