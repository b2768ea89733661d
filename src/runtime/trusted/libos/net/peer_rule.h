// What a program may send through a socketpair, whose bytes the host sees: SCONE_SOCKETPAIR.
//
// Side:    trusted
// Values:  deny (socketpair is EACCES), allow-events (only repetitions of the first byte; anything
//          else is EACCES), allow. An attested start takes them from the policy, others from the
//          host.
// Threads: set once before the program starts, then only read
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace scone::libos {

enum class PeerRule : uint8_t { Allow, AllowEvents, Deny };

// nullopt for a value that there is not; the empty one is Allow.
std::optional<PeerRule> parse_peer_rule(std::string_view value);
void set_socketpair_rule(PeerRule rule);
PeerRule socketpair_rule();

}  // namespace scone::libos
