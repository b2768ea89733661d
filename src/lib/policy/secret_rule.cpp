// Nothing here reads YAML: the enclave renders secrets with it.
#include "lib/policy/secret_rule.h"

#include "lib/policy/secret_words.h"

namespace scone::policy {

std::string_view name_of(SecretKind kind) {
    for (const auto& [name, value] : kKinds) {
        if (value == kind)
            return name;
    }
    return "unstated";
}

std::optional<SecretKind> secret_kind(std::string_view name) {
    for (const auto& [known, value] : kKinds) {
        if (known == name)
            return value;
    }
    return std::nullopt;
}

std::string_view name_of(KeyType type) {
    for (const auto& [name, value] : kKeyTypes) {
        if (value == type)
            return name;
    }
    __builtin_unreachable();
}

bool keeps_value(const SecretRule& before, const SecretRule& after) {
    if (before.name != after.name || before.kind != after.kind || before.import || after.import ||
        before.value || after.value)
        return false;
    switch (after.kind) {
        case SecretKind::Ascii:
        case SecretKind::Binary:
            return before.size == after.size;
        case SecretKind::PrivateKey:
            return before.migrate && after.migrate && before.key_type == after.key_type;
        case SecretKind::PgpKey:
            return true;
        default:
            return false;
    }
}

}  // namespace scone::policy
