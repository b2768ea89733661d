#include "runtime/trusted/libos/net/peer_rule.h"

namespace scone::libos {

namespace {
PeerRules current;
}

std::optional<PeerRule> parse_peer_rule(std::string_view value) {
    if (value.empty() || value == "allow" || value == "allow-events")
        return PeerRule::Allow;
    if (value == "deny")
        return PeerRule::Deny;
    return std::nullopt;
}

void set_peer_rules(const PeerRules& rules) {
    current = rules;
}
const PeerRules& peer_rules() {
    return current;
}

}  // namespace scone::libos
