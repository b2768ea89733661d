#include <algorithm>
#include <charconv>

#include "lib/policy/part_parsers.h"
#include "lib/policy/secret_words.h"
#include "lib/text/hex.h"

namespace scone::policy {
namespace {

constexpr std::pair<std::string_view, Endpoint> kEndpoints[] = {
    {"server", Endpoint::Server},
    {"client", Endpoint::Client},
};

Since since_of(SecretKind kind) {
    switch (kind) {
        case SecretKind::PrivateKey:
            return {0, 3, 0};
        case SecretKind::PublicKey:
            return {0, 3, 11};
        case SecretKind::AadToken:
            return {0, 3, 7};
        case SecretKind::ConfigFragment:
        case SecretKind::PgpKey:
            return {0, 3, 10};
        case SecretKind::Jwt:
            return {0, 3, 12};
        default:
            return {};
    }
}

// "name=value,name=value" behind the '/' of a one-line SCONE URL.
ExportTarget parse_scone_url(ParseContext& context, const text::Node& node) {
    ExportTarget target;
    target.at = node.at;
    std::string_view text = node.text;
    size_t slash = text.find('/');
    target.cas_url = text.substr(0, slash);
    std::string_view rest = text.substr(slash + 1);
    while (!rest.empty()) {
        std::string_view part = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(rest.size(), part.size() + 1));
        size_t equals = part.find('=');
        std::string_view key = part.substr(0, equals);
        std::string value(equals == std::string_view::npos ? "" : part.substr(equals + 1));
        if (key == "session")
            target.session = value;
        else if (key == "session_hash")
            target.session_hash = value;
        else if (key == "cas_key")
            target.cas_key = value;
        else
            context.error(node.at, "unknown part '" + std::string(part) + "' in the target's URL");
    }
    return target;
}

// "session", "session:hash" (language 0.2), or a one-line SCONE URL.
ExportTarget parse_target_text(ParseContext& context, const text::Node& node) {
    ExportTarget target;
    target.at = node.at;
    auto text = context.text_of(node, "a session's name");
    if (!text)
        return target;
    if (text->find('=') != std::string::npos && text->find('/') != std::string::npos)
        return parse_scone_url(context, node);
    size_t colon = text->find(':');
    target.session = text->substr(0, colon);
    if (colon != std::string::npos)
        target.session_hash = text->substr(colon + 1);
    return target;
}

void check_hash(ParseContext& context, const std::string& digits, text::Position at) {
    auto bytes = text::from_hex(digits);
    if (!digits.empty() && (!bytes || bytes->size() != 32))
        context.error(at, "expected 64 hex digits for 'session_hash', got '" + digits + "'");
}

SecretImport parse_import(ParseContext& context, const text::Node& node, const std::string& name) {
    SecretImport import;
    import.at = node.at;
    if (node.is_scalar()) {
        ExportTarget source = parse_target_text(context, node);
        import.session = source.session;
        import.session_hash = source.session_hash;
        import.cas_url = source.cas_url;
        import.cas_key = source.cas_key;
        import.secret = name;
    } else {
        MappingReader reader(context, node, "'import'");
        import.session = reader.required_text("session");
        import.secret = reader.text("secret").value_or(name);
        import.session_hash = reader.text("session_hash").value_or("");
        import.cas_url = reader.text("cas_url").value_or("");
        import.cas_key = reader.text("cas_key").value_or("");
        import.cas_software_key = reader.text("cas_software_key").value_or("");
        reader.finish();
    }
    check_hash(context, import.session_hash, node.at);
    return import;
}

AkvImport parse_akv(ParseContext& context, const text::Node& node, const std::string& name) {
    AkvImport import;
    MappingReader reader(context, node, "'import_akv'");
    import.vault = reader.required_text("vault");
    import.secret_name = reader.text("secret_name").value_or(name);
    import.token = reader.text("token").value_or("");
    import.decryption_key = reader.text("decryption_key", {0, 3, 11}).value_or("");
    reader.finish();
    return import;
}

void read_value(ParseContext& context, MappingReader& reader, SecretRule& secret) {
    const text::Node* value = reader.take("value");
    if (!value)
        return;
    if (secret.kind == SecretKind::ConfigFragment) {
        secret.fragment = *value;
        return;
    }
    secret.value = context.text_of(*value, "'value'");
    if (!secret.value)
        return;
    if (secret.kind == SecretKind::Binary) {
        auto bytes = text::from_hex(*secret.value);
        if (!bytes)
            context.error(value->at, "expected hex digits for the value of a binary secret");
        else
            secret.value = text::to_hex(*bytes);
    } else if (secret.kind != SecretKind::Ascii) {
        secret.value = normal_pem(*secret.value);
    }
}

void read_size(ParseContext& context, MappingReader& reader, SecretRule& secret) {
    constexpr uint64_t kLargest = uint64_t{64} * 1024;
    const text::Node* size = reader.take("size");
    if (!size)
        return;
    auto value = context.number_of(*size, "'size'", kLargest);
    if (value && *value == 0)
        context.error(size->at, "'size' must be at least 1");
    secret.size = static_cast<uint32_t>(value.value_or(secret.size));
}

void read_key_parameters(ParseContext& context, MappingReader& reader, SecretRule& secret) {
    if (const text::Node* type = reader.take("key_type", {0, 3, 4})) {
        if (auto value = word_of(context, *type, "'key_type'", kKeyTypes))
            secret.key_type = *value;
    }
    secret.migrate = reader.flag("migrate", {0, 3, 7}).value_or(false);
}

void read_san(ParseContext& context, const text::Node& node, SecretRule& secret) {
    for (const text::Node* item : context.scalars_of(node, "'san'")) {
        std::string_view text = item->text;
        if (text.starts_with("dns:"))
            secret.dns_names.emplace_back(text.substr(4));
        else if (text.starts_with("ip:"))
            secret.ip_addresses.emplace_back(text.substr(3));
        else
            context.error(item->at, "expected \"dns:NAME\" or \"ip:ADDRESS\" in 'san', got '" +
                                        item->text + "'");
    }
}

void read_certificate_parameters(ParseContext& context, MappingReader& reader, SecretRule& secret) {
    bool is_leaf = secret.kind != SecretKind::X509Ca;
    secret.private_key = reader.text("private_key", {0, 3, 0}).value_or("");
    secret.issuer = reader.text("issuer", {0, 3, 0}).value_or("");
    secret.common_name = reader.text("common_name").value_or("");
    if (is_leaf) {
        if (const text::Node* endpoint = reader.take("endpoint")) {
            if (auto value = word_of(context, *endpoint, "'endpoint'", kEndpoints))
                secret.endpoint = *value;
        }
        if (const text::Node* dns = reader.take("dns")) {
            for (const text::Node* item : context.scalars_of(*dns, "'dns'"))
                secret.dns_names.push_back(item->text);
            if (secret.endpoint == Endpoint::Client)
                context.error(dns->at, "'dns' excludes 'endpoint: client'", "use 'san'");
        }
        if (const text::Node* san = reader.take("san", {0, 3, 10}))
            read_san(context, *san, secret);
    }
    if (const text::Node* valid_for = reader.take("valid_for")) {
        secret.valid_for = context.text_of(*valid_for, "'valid_for'").value_or("");
        secret.valid_for_seconds = parse_duration(secret.valid_for);
        if (!secret.valid_for_seconds) {
            context.error(valid_for->at,
                          "expected a time span for 'valid_for', got '" + secret.valid_for + "'",
                          "for example \"90 days\", \"12h\", \"1 year\"");
        }
    }
    secret.implicit_key = context.is_older_than_0_3();
}

void read_aad(MappingReader& reader, SecretRule& secret) {
    AadToken token;
    token.tenant_id = reader.required_text("tenant_id");
    token.client_id = reader.required_text("client_id");
    token.application_secret = reader.text("application_secret").value_or("");
    token.private_key = normal_pem(reader.text("private_key").value_or(""));
    token.certificate_thumbprint = reader.text("certificate_thumbprint").value_or("");
    secret.aad = std::move(token);
}

void read_jwt(ParseContext& context, MappingReader& reader, SecretRule& secret) {
    JwtRule jwt;
    jwt.signer = reader.required_text("signer");
    jwt.algorithm = reader.text("alg").value_or("ES384");
    if (const text::Node* validity = reader.take("validity")) {
        MappingReader inner(context, *validity, "'validity'");
        jwt.valid_for = inner.text("for").value_or("");
        inner.finish();
    }
    if (const text::Node* payload = reader.take("payload")) {
        for (const text::NodeEntry& claim : payload->entries) {
            if (claim.key == "iat" || claim.key == "nbf" || claim.key == "exp")
                context.error(claim.at, "'" + claim.key + "' is set by CAS, not by the policy");
            jwt.payload.emplace_back(claim.key,
                                     context.text_of(claim.value, "'payload'").value_or(""));
        }
        std::ranges::sort(jwt.payload);
    }
    secret.jwt = std::move(jwt);
}

// The parameters that the kind has; all other keys are left over and reported.
void read_parameters(ParseContext& context, MappingReader& reader, SecretRule& secret) {
    switch (secret.kind) {
        case SecretKind::Ascii:
        case SecretKind::Binary:
            read_size(context, reader, secret);
            return;
        case SecretKind::PrivateKey:
            read_key_parameters(context, reader, secret);
            return;
        case SecretKind::PublicKey:
            secret.private_key = reader.text("private_key").value_or("");
            return;
        case SecretKind::X509:
        case SecretKind::X509Ca:
            read_certificate_parameters(context, reader, secret);
            return;
        case SecretKind::AadToken:
            if (!secret.import)
                read_aad(reader, secret);
            return;
        case SecretKind::Jwt:
            if (!secret.import)
                read_jwt(context, reader, secret);
            return;
        case SecretKind::Unstated:
        case SecretKind::ConfigFragment:
        case SecretKind::PgpKey:
        case SecretKind::SessionCa:
            return;
    }
}

SecretRule parse_secret(ParseContext& context, const text::Node& node) {
    SecretRule secret;
    secret.at = node.at;
    MappingReader reader(context, node, "secret");
    secret.name = reader.required_text("name");
    if (const text::Node* kind = reader.take("kind")) {
        if (auto value = word_of(context, *kind, "'kind'", kKinds)) {
            secret.kind = *value;
            context.require(since_of(*value), kind->at, "kind '" + kind->text + "'");
        } else {
            return secret;  // its parameters cannot be judged
        }
    }
    if (const text::Node* import = reader.take("import"))
        secret.import = parse_import(context, *import, secret.name);
    if (const text::Node* akv = reader.take("import_akv", {0, 3, 7}))
        secret.import_akv = parse_akv(context, *akv, secret.name);
    read_value(context, reader, secret);
    read_parameters(context, reader, secret);
    if (const text::Node* exports = reader.take("export"))
        secret.exports = parse_exports(context, *exports, "'export'");
    secret.export_public = reader.flag("export_public").value_or(false);
    reader.finish();
    return secret;
}

struct TimeUnit {
    std::string_view name;
    uint64_t seconds;
};
// Months and years are the mean ones of the Gregorian calendar.
constexpr TimeUnit kTimeUnits[] = {
    {"seconds", 1},      {"second", 1},      {"secs", 1},
    {"sec", 1},          {"s", 1},           {"minutes", 60},
    {"minute", 60},      {"mins", 60},       {"min", 60},
    {"m", 60},           {"hours", 3600},    {"hour", 3600},
    {"hrs", 3600},       {"hr", 3600},       {"h", 3600},
    {"days", 86400},     {"day", 86400},     {"d", 86400},
    {"weeks", 604800},   {"week", 604800},   {"w", 604800},
    {"months", 2630016}, {"month", 2630016}, {"M", 2630016},
    {"years", 31557600}, {"year", 31557600}, {"y", 31557600},
};

}  // namespace

std::optional<uint64_t> parse_duration(std::string_view text) {
    constexpr uint64_t kLongest = uint64_t{10'000} * 31'557'600;
    uint64_t total = 0;
    size_t part_count = 0;
    auto skip_blanks = [&] {
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    };
    for (skip_blanks(); !text.empty(); skip_blanks()) {
        uint64_t count = 0;
        auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), count);
        if (code != std::errc() || count > UINT32_MAX)
            return std::nullopt;
        text.remove_prefix(static_cast<size_t>(end - text.data()));
        skip_blanks();
        size_t unit_size = 0;
        while (unit_size < text.size() && ((text[unit_size] | 0x20) >= 'a') &&
               ((text[unit_size] | 0x20) <= 'z'))
            unit_size++;
        std::string_view unit = text.substr(0, unit_size);
        text.remove_prefix(unit_size);
        const auto* found = std::ranges::find(kTimeUnits, unit, &TimeUnit::name);
        if (found == std::end(kTimeUnits))
            return std::nullopt;
        total += count * found->seconds;
        part_count++;
        if (total > kLongest || part_count > 8)
            return std::nullopt;
    }
    return total > 0 ? std::optional<uint64_t>(total) : std::nullopt;
}

ExportTarget parse_export_target(ParseContext& context, const text::Node& node) {
    ExportTarget target;
    if (node.is_scalar()) {
        target = parse_target_text(context, node);
    } else {
        MappingReader reader(context, node, "'export'");
        target.session = reader.text("session").value_or("");
        target.namespace_name = reader.text("namespace", {0, 3, 6}).value_or("");
        target.session_hash = reader.text("session_hash").value_or("");
        target.cas_url = reader.text("cas_url").value_or("");
        target.cas_key = reader.text("cas_key").value_or("");
        reader.finish();
        if (node.is_mapping() && target.session.empty() == target.namespace_name.empty())
            context.error(node.at, "expected either 'session' or 'namespace' in 'export'");
    }
    target.at = node.at;
    check_hash(context, target.session_hash, node.at);
    return target;
}

std::vector<ExportTarget> parse_exports(ParseContext& context, const text::Node& node,
                                        std::string_view what) {
    std::vector<ExportTarget> out;
    if (!node.is_sequence())
        return {parse_export_target(context, node)};
    for (const text::Node* item : context.items_of(node, what))
        out.push_back(parse_export_target(context, *item));
    return out;
}

std::vector<SecretRule> parse_secrets(ParseContext& context, const text::Node& node) {
    std::vector<SecretRule> out;
    for (const text::Node* item : context.items_of(node, "'secrets'"))
        out.push_back(parse_secret(context, *item));
    return out;
}

}  // namespace scone::policy
