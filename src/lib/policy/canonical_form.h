// The one text of a session, and its hash.
//
// Side:    hosted
// Note:    parse(canonical(x)) equals x, so canonical(parse(canonical(x))) == canonical(x).
// Comments,
//          order of keys, quoting, nulls and defaults that were written out do not change it;
//          generated secrets are not in it, explicit values and the creator are.
// Source:  docs/formats/session.md
#pragma once

#include <string>

#include "lib/policy/session.h"

namespace scone::policy {

// YAML, "---" first. What `scone session read` and `check` print and what is uploaded.
std::string canonical(const Session& session);
// SHA-256 of canonical(session).
SessionHash hash(const Session& session);
// 64 lower-case digits.
std::string hash_text(const Session& session);
// True when a rule of the access policy refers to CREATOR but the session has no creator: its hash
// is known only after CAS has stored it.
bool needs_creator(const Session& session);

}  // namespace scone::policy
