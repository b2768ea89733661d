// The parsers of a session's parts; session_parser.cpp calls them.
//
// Side:    hosted; for this room only
// Errors:  in the context
#pragma once

#include <string>
#include <vector>

#include "lib/policy/reader.h"
#include "lib/policy/session.h"

namespace scone::policy {

std::vector<ServiceRule> parse_services(ParseContext& context, const text::Node& node);
// The variants of an attestation section without variables.
std::vector<AttestationVariant> parse_attestation(ParseContext& context, const text::Node& node);
// Splits a command line: blanks separate, single and double quotes keep together. nullopt: a quote
// is not closed.
std::optional<std::vector<std::string>> split_command(std::string_view command);

std::vector<SecretRule> parse_secrets(ParseContext& context, const text::Node& node);
std::vector<ExportTarget> parse_exports(ParseContext& context, const text::Node& node,
                                        std::string_view what);
ExportTarget parse_export_target(ParseContext& context, const text::Node& node);
// "90 days", "59d", "1 year 6 months" in seconds.
std::optional<uint64_t> parse_duration(std::string_view text);

std::vector<VolumeRule> parse_volumes(ParseContext& context, const text::Node& node);
std::vector<ImageRule> parse_images(ParseContext& context, const text::Node& node,
                                    std::vector<ServiceRule>& services);

std::vector<AccessRule> parse_rules(ParseContext& context, const text::Node& node);
AccessPolicy parse_access_policy(ParseContext& context, const text::Node& node);

Security parse_security(ParseContext& context, const text::Node& node);

// True when $$SCONE:: stands in any scalar of the tree.
bool has_placeholder_inside(const text::Node& node);
// A PEM text with the one spelling that canonical_form writes; anything else as it is.
std::string normal_pem(std::string_view text);

}  // namespace scone::policy
