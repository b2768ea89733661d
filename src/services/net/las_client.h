// Asks LAS who it is, as `scone las probe` does.
//
// Side:    host
// Errors:  Unreachable (no LAS, no answer in time), Failed (an answer that is not LAS's; what an
//          error chain of LAS says)
// Source:  docs/formats/enclave-protocol.md, section 3
#pragma once

#include "lib/channel/messages.h"
#include "services/net/endpoint.h"

namespace scone::net {

// Whose quotes LAS gives, the platform's id, LAS's name and version. Needs no enclave.
text::Outcome<channel::LasTarget> probe_las(const Endpoint& las, const std::string& client,
                                            int timeout_ms);

}  // namespace scone::net
