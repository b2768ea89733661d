// Makes the values of a session's secrets when it is uploaded.
//
// Side:    host
// Note:    explicit values are read; generated ones are taken from the version before where the
//          language keeps them (policy::keeps_value), else made anew. Certificates are always
//          issued anew, unless they are given.
// Errors:  InvalidInput (an explicit value is malformed, a key and a certificate that do not belong
//          together, issuers in a circle), Unsupported, Failed
// Source:  docs/reference/session-language.md, "secrets"
#pragma once

#include "services/cas/session_record.h"

namespace scone::cas {

enum class Generation : uint8_t {
    Upload,   // what the language keeps in an update is kept
    Renewal,  // everything is kept, but certificates in the last third of their life
};

struct GenerationInput {
    const policy::Session& session;
    const SessionRecord* before;    // nullptr: the session is new
    policy::SecretLookup imported;  // values of secrets that the session imports
    int64_t now;                    // seconds since 1970
    Generation generation = Generation::Upload;
};

text::Outcome<SecretValues> generate_secrets(const GenerationInput& input);

// True when a certificate that CAS issued for the session is in the last third of its life.
bool needs_renewal(const SessionRecord& session, int64_t now);

}  // namespace scone::cas
