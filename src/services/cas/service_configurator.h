// The configuration that an attested service is sent: the policy's part for it, secrets put in.
//
// Side:    host
// Errors:  an error chain, outermost cause first; no secret's value stands in it
// Source:  docs/formats/enclave-protocol.md, section 4
#pragma once

#include <vector>

#include "services/cas/volume_tags.h"

namespace scone::cas {

struct ConfiguredService {
    channel::Configuration configuration;
    std::vector<BoundVolume> volumes;  // for the tag updates that follow
};

Attested<ConfiguredService> configure_service(SessionRepository& sessions,
                                              const SessionPointer& session,
                                              const policy::ServiceRule& service,
                                              SecretResolver& secrets);

}  // namespace scone::cas
