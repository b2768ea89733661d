#include <charconv>

#include "lib/policy/key_hash.h"
#include "lib/policy/part_parsers.h"
#include "lib/policy/variables.h"
#include "lib/text/hex.h"
#include "lib/text/pem.h"

namespace scone::policy {
namespace {

constexpr std::string_view kRequireAll = "require-all";
constexpr std::string_view kRequireAtLeast = "require-at-least-";

// A lower-case SHA-256 as `sha256sum client.crt` prints it.
bool is_file_hash(std::string_view text) {
    auto bytes = text::from_hex(text);
    return bytes && bytes->size() == 32 && text::to_hex(*bytes) == text;
}

AccessRule parse_word(ParseContext& context, const text::Node& node) {
    AccessRule rule;
    rule.at = node.at;
    auto text = context.text_of(node, "an access rule");
    if (!text)
        return rule;
    rule.text = *text;
    if (rule.text == "CREATOR" || rule.text == "ANY" || rule.text == "NONE") {
        rule.kind = rule.text == "CREATOR" ? AccessRule::Kind::Creator
                    : rule.text == "ANY"   ? AccessRule::Kind::Any
                                           : AccessRule::Kind::None;
        rule.text.clear();
    } else if (has_placeholder(rule.text)) {
        rule.kind = AccessRule::Kind::Variable;
        context.require({0, 3, 10}, node.at, "a variable in 'access_policy'");
        if (!whole_placeholder(rule.text))
            context.error(node.at, "a variable in 'access_policy' must be the whole entry");
    } else if (is_key_hash(rule.text)) {
        rule.kind = AccessRule::Kind::KeyHash;
    } else if (text::looks_like_pem(rule.text)) {
        rule.kind = AccessRule::Kind::Certificate;
        rule.text = normal_pem(rule.text);
        if (!key_hash_of_certificate(rule.text))
            context.error(node.at, "expected an X.509 certificate in PEM in 'access_policy'");
    } else if (is_file_hash(rule.text)) {
        rule.kind = AccessRule::Kind::CertificateHash;
    } else {
        std::string_view nearest = text::nearest_name(rule.text, {"CREATOR", "ANY", "NONE"});
        context.error(node.at,
                      "expected CREATOR, ANY, NONE, a key hash, a certificate, a signer or a "
                      "variable in 'access_policy'",
                      nearest.empty() ? "" : "did you mean " + std::string(nearest) + "?");
    }
    return rule;
}

AccessRule parse_signer_rule(ParseContext& context, const text::Node& node) {
    AccessRule rule;
    rule.kind = AccessRule::Kind::Signer;
    rule.at = node.at;
    rule.text = normal_pem(context.text_of(node, "'signer'").value_or(""));
    if (!key_hash_of_signer(rule.text))
        context.error(node.at, "expected a public key in PEM or a signer's key text for 'signer'");
    return rule;
}

AccessRule parse_required(ParseContext& context, std::string_view key, const text::Node& node,
                          text::Position at) {
    AccessRule rule;
    rule.at = at;
    rule.kind = AccessRule::Kind::RequireAll;
    context.require({0, 3, 10}, at, "'" + std::string(key) + "'");
    if (key.starts_with(kRequireAtLeast)) {
        rule.kind = AccessRule::Kind::RequireAtLeast;
        key.remove_prefix(kRequireAtLeast.size());
        auto [end, code] = std::from_chars(key.data(), key.data() + key.size(), rule.at_least);
        if (code != std::errc() || end != key.data() + key.size() || rule.at_least == 0)
            context.error(at, "expected a number behind 'require-at-least-'");
    }
    rule.rules = parse_rules(context, node);
    if (rule.rules.empty() || rule.at_least > rule.rules.size())
        context.error(at, "the rule can never hold: it has too few members");
    return rule;
}

AccessRule parse_rule(ParseContext& context, const text::Node& node) {
    if (!node.is_mapping())
        return parse_word(context, node);
    if (node.entries.size() == 1) {
        const text::NodeEntry& entry = node.entries.front();
        if (entry.key == "signer")
            return parse_signer_rule(context, entry.value);
        if (entry.key == kRequireAll || entry.key.starts_with(kRequireAtLeast))
            return parse_required(context, entry.key, entry.value, entry.at);
    }
    text::Position at = node.entries.empty() ? node.at : node.entries.front().at;
    context.error(at, "expected 'signer', 'require-all' or 'require-at-least-N' in an access rule");
    return {};
}

bool has_signer(const std::vector<AccessRule>& rules) {
    for (const AccessRule& rule : rules) {
        if (rule.kind == AccessRule::Kind::Signer || has_signer(rule.rules))
            return true;
    }
    return false;
}

bool has_requirement(const std::vector<AccessRule>& rules) {
    for (const AccessRule& rule : rules) {
        if (!rule.rules.empty())
            return true;
    }
    return false;
}

// Signers sign changes: they have no place where nothing is changed.
void refuse_signers(ParseContext& context, const std::optional<std::vector<AccessRule>>& rules,
                    std::string_view operation, text::Position at) {
    if (rules && (has_signer(*rules) || has_requirement(*rules))) {
        context.error(
            at, "'signer' and 'require-...' have no meaning in '" + std::string(operation) + "'");
    }
}

}  // namespace

std::vector<AccessRule> parse_rules(ParseContext& context, const text::Node& node) {
    std::vector<AccessRule> out;
    if (!node.is_sequence()) {
        out.push_back(parse_rule(context, node));
    } else {
        for (const text::Node* item : context.items_of(node, "an access list"))
            out.push_back(parse_rule(context, *item));
    }
    for (const AccessRule& rule : out) {
        bool alone = rule.kind == AccessRule::Kind::Any || rule.kind == AccessRule::Kind::None;
        bool misread = rule.kind == AccessRule::Kind::None && !rule.text.empty();
        if (alone && !misread && out.size() > 1)
            context.error(rule.at, "ANY and NONE must stand alone in their list");
    }
    return out;
}

AccessPolicy parse_access_policy(ParseContext& context, const text::Node& node) {
    AccessPolicy policy;
    policy.at = node.at;
    if (node.is_scalar() && has_placeholder(node.text)) {
        context.require({0, 3, 10}, node.at, "a variable for 'access_policy'");
        if (!whole_placeholder(node.text))
            context.error(node.at, "a variable for 'access_policy' must be the whole value");
        policy.variable = node.text;
        return policy;
    }
    MappingReader reader(context, node, "'access_policy'");
    auto read = [&](std::string_view key, Since since) -> std::optional<std::vector<AccessRule>> {
        const text::Node* rules = reader.take(key, since);
        return rules ? std::optional(parse_rules(context, *rules)) : std::nullopt;
    };
    policy.read = read("read", {});
    policy.update = read("update", {});
    policy.create_sessions = read("create_sessions", {0, 3, 5});
    policy.list_sessions = read("list_sessions", {0, 3, 12});
    if (context.is_older_than_0_3()) {
        // Rights of the first versions that name no operation any more.
        reader.take("secrets");
        reader.take("delete");
    }
    refuse_signers(context, policy.read, "read", node.at);
    refuse_signers(context, policy.list_sessions, "list_sessions", node.at);
    reader.finish();
    return policy;
}

}  // namespace scone::policy
