#include "runtime/trusted/libos/net/peer_rule.h"

namespace scone::libos {

namespace {
PeerRule current = PeerRule::Allow;
}

std::optional<PeerRule> parse_peer_rule(std::string_view value) {
    if (value.empty() || value == "allow")
        return PeerRule::Allow;
    if (value == "allow-events")
        return PeerRule::AllowEvents;
    if (value == "deny")
        return PeerRule::Deny;
    return std::nullopt;
}

void set_socketpair_rule(PeerRule rule) {
    current = rule;
}
PeerRule socketpair_rule() {
    return current;
}

}  // namespace scone::libos
