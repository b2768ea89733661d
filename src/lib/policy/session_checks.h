// What must hold between the parts of a session: names, references, attestation, security.
//
// Side:    hosted
// Source:  docs/reference/session-language.md
#pragma once

#include <string_view>
#include <vector>

#include "lib/policy/session.h"

namespace scone::policy {

// [A-Za-z0-9_.~-]{1,128}: services, secrets, volumes, images, each component of a session's name.
bool is_component_name(std::string_view name);
// Components joined by '/', at most 512 characters, or "/" alone.
bool is_session_name(std::string_view name);
// "./x", "../x", ".", "..": resolved against the session's name; nullopt when it leaves the root.
// A name that is not relative comes back as it is.
std::optional<std::string> absolute_session_name(std::string_view name, std::string_view session);

// Every violation: names used twice, references to what is not declared, a service without
// attestation though the mode is not none, "*" without debug-mode, fspf fields that do not fit
// together, placeholders of undeclared secrets, ... Empty: the session may be stored.
std::vector<text::Diagnostic> check(const Session& session);

// Secrets of kinds that this CAS cannot make: one message each. Empty: it can make all.
std::vector<text::Diagnostic> unsupported_secrets(const Session& session);

}  // namespace scone::policy
