// Text of a policy -> Session, with every error at its line and column.
//
// Side:    hosted
// Errors:  all that were found, in the order of the text (malformed YAML: that one). Each names
//          what was expected and what came; misspelt keys carry the nearest name as hint.
// Limits:  1 MiB, depth 64, 100,000 nodes, 10,000 members of any list
// Source:  docs/reference/session-language.md
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/policy/session.h"
#include "lib/text/template.h"

namespace scone::policy {

using Diagnostics = std::vector<text::Diagnostic>;
template <class T>
using Checked = base::Result<T, Diagnostics>;

struct ParseOptions {
    // Replaces the text's name (the CLI's -n).
    std::optional<std::string> name;
    // When set, $NAME and ${NAME} in values are replaced first (the CLI's -e and --use-env).
    text::VariableLookup variables;
};

// Syntax, types, features of the stated version, and all checks of session_checks.h.
Checked<Session> parse(std::string_view yaml, const ParseOptions& options = {});

// A value of a config-fragment secret, by name; nullptr when there is none.
using FragmentLookup = std::function<const text::Node*(std::string_view secret)>;

// The sections with $$SCONE::fragment$$ put in: a fragment for a whole value replaces it, one that
// is a list and stands in a list is spliced into it. A missing fragment is an error.
Checked<std::vector<AttestationVariant>> resolve_attestation(const ServiceRule& service,
                                                             const FragmentLookup& fragments);
Checked<Security> resolve_security(const Security& security, const FragmentLookup& fragments);
// Rules of an access list that came as a secret: "CREATOR", a key hash, PEM, or a fragment.
Checked<std::vector<AccessRule>> parse_access_rules(const text::Node& node);
Checked<AccessPolicy> resolve_access_policy(const AccessPolicy& policy,
                                            const FragmentLookup& fragments);

}  // namespace scone::policy
