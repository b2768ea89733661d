#include "lib/policy/access_rules.h"

#include <algorithm>

#include "lib/policy/key_hash.h"
#include "lib/policy/variables.h"

namespace scone::policy {
namespace {

constexpr int kMaxVariableDepth = 4;

struct Question {
    const Caller& caller;
    const RuleLookup& lookup;
    AccessVerdict& verdict;
};

bool any_matches(const Question& question, const std::vector<AccessRule>& rules, int depth);

bool variable_matches(const Question& question, const AccessRule& rule, int depth) {
    auto placeholder = whole_placeholder(rule.text);
    std::optional<std::vector<AccessRule>> rules;
    if (placeholder && placeholder->format.empty() && depth < kMaxVariableDepth && question.lookup)
        rules = question.lookup(placeholder->secret);
    if (!rules) {
        question.verdict.notes.push_back("variable " + rule.text + " has no usable value");
        return false;
    }
    return any_matches(question, *rules, depth + 1);
}

bool certificate_matches(const Question& question, const AccessRule& rule) {
    auto hash = key_hash_of_certificate(rule.text);
    if (!hash)
        question.verdict.notes.push_back("a certificate of the rule cannot be read");
    return hash && !question.caller.key_hash.empty() && *hash == question.caller.key_hash;
}

bool signer_matches(const Question& question, const AccessRule& rule) {
    auto hash = key_hash_of_signer(rule.text);
    return hash && std::ranges::find(question.caller.signer_key_hashes, *hash) !=
                       question.caller.signer_key_hashes.end();
}

bool matches(const Question& question, const AccessRule& rule, int depth) {
    switch (rule.kind) {
        case AccessRule::Kind::Creator:
            return question.caller.is_creator;
        case AccessRule::Kind::Any:
            return true;
        case AccessRule::Kind::None:
            return false;
        case AccessRule::Kind::KeyHash:
            return !rule.text.empty() && rule.text == question.caller.key_hash;
        case AccessRule::Kind::Certificate:
            return certificate_matches(question, rule);
        case AccessRule::Kind::CertificateHash:
            return !rule.text.empty() && rule.text == question.caller.certificate_hash;
        case AccessRule::Kind::Variable:
            return variable_matches(question, rule, depth);
        case AccessRule::Kind::Signer:
            return signer_matches(question, rule);
        case AccessRule::Kind::RequireAll:
        case AccessRule::Kind::RequireAtLeast:
            break;
    }
    auto count = std::ranges::count_if(
        rule.rules, [&](const AccessRule& member) { return matches(question, member, depth); });
    size_t wanted = rule.kind == AccessRule::Kind::RequireAll ? rule.rules.size() : rule.at_least;
    return wanted > 0 && static_cast<size_t>(count) >= wanted;
}

bool any_matches(const Question& question, const std::vector<AccessRule>& rules, int depth) {
    bool found = false;
    for (const AccessRule& rule : rules)
        found = matches(question, rule, depth) || found;
    return found;
}

std::vector<AccessRule> creator_only() {
    AccessRule rule;
    rule.kind = AccessRule::Kind::Creator;
    return {rule};
}

}  // namespace

std::string_view name_of(Operation operation) {
    switch (operation) {
        case Operation::Read:
            return "read";
        case Operation::Update:
            return "update";
        case Operation::CreateSessions:
            return "create_sessions";
        case Operation::ListSessions:
            return "list_sessions";
    }
    __builtin_unreachable();
}

std::vector<AccessRule> AccessPolicy::rules_for(Operation operation) const {
    // A section that is a variable grants nothing before resolve_access_policy().
    if (variable)
        return {};
    switch (operation) {
        case Operation::Read:
            return read ? *read : creator_only();
        case Operation::Update:
            return update ? *update : creator_only();
        case Operation::CreateSessions:
            return create_sessions ? *create_sessions : rules_for(Operation::Update);
        case Operation::ListSessions:
            return list_sessions ? *list_sessions : rules_for(Operation::Read);
    }
    return {};
}

AccessVerdict evaluate(const std::vector<AccessRule>& rules, const Caller& caller,
                       const RuleLookup& lookup) {
    AccessVerdict verdict;
    verdict.granted = any_matches({caller, lookup, verdict}, rules, 0);
    return verdict;
}

}  // namespace scone::policy
