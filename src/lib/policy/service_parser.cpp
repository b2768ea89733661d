#include <algorithm>

#include "lib/policy/part_parsers.h"
#include "lib/policy/variables.h"

namespace scone::policy {
namespace {

constexpr std::pair<std::string_view, FspfUpdate> kFspfUpdates[] = {
    {"rollback_protected_reinitializable", FspfUpdate::RollbackProtectedReinitializable},
    {"no_rollback_protection", FspfUpdate::NoRollbackProtection},
};

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::vector<std::string> parse_command(ParseContext& context, const text::Node& node) {
    std::vector<std::string> words;
    if (node.is_sequence()) {
        for (const text::Node* item : context.items_of(node, "'command'"))
            words.push_back(context.text_of(*item, "a word of 'command'").value_or(""));
        return words;
    }
    auto text = context.text_of(node, "'command'");
    if (!text)
        return words;
    auto split = split_command(*text);
    if (!split) {
        context.error(node.at, "a quote in 'command' is not closed");
        return words;
    }
    return std::move(*split);
}

// "@@NAME" and, as many write it because a plain YAML text cannot start with '@', "\@\@NAME".
bool take_host_prefix(std::string& name) {
    for (std::string_view prefix : {"@@", "\\@\\@"}) {
        if (name.starts_with(prefix)) {
            name.erase(0, prefix.size());
            return true;
        }
    }
    return false;
}

void add_variable(ParseContext& context, std::vector<EnvironmentRule>& out, std::string name,
                  std::string value, text::Position at) {
    EnvironmentRule rule{std::move(name), std::move(value), false, at};
    rule.from_host = take_host_prefix(rule.name);
    if (rule.from_host) {
        context.require({0, 3, 8}, at, "a variable from the host");
        rule.value.clear();
    }
    // Generated policies hold entries without a name; no program can see such a variable.
    if (rule.name.empty())
        return;
    if (rule.name.find('=') != std::string::npos || rule.name.find('\0') != std::string::npos) {
        context.error(at, "the name of an environment variable contains '=' or NUL");
        return;
    }
    out.push_back(std::move(rule));
}

// "NAME=value" or "NAME=\"value\"", the list form.
void add_assignment(ParseContext& context, std::vector<EnvironmentRule>& out,
                    const text::Node& node) {
    auto text = context.text_of(node, "an item of 'environment'");
    if (!text)
        return;
    size_t equals = text->find('=');
    if (equals == std::string::npos) {
        context.error(node.at, "expected NAME=VALUE in 'environment', got '" + *text + "'");
        return;
    }
    std::string value = text->substr(equals + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
        value = value.substr(1, value.size() - 2);
    add_variable(context, out, text->substr(0, equals), std::move(value), node.at);
}

std::vector<EnvironmentRule> parse_environment(ParseContext& context, const text::Node& node) {
    std::vector<EnvironmentRule> out;
    if (node.is_sequence()) {
        for (const text::Node* item : context.items_of(node, "'environment'"))
            add_assignment(context, out, *item);
    } else if (node.is_mapping()) {
        for (const text::NodeEntry& entry : node.entries) {
            std::string value;
            if (!entry.value.is_null()) {
                value = context.text_of(entry.value, "variable '" + entry.key + "'").value_or("");
            }
            add_variable(context, out, entry.key, std::move(value), entry.at);
        }
    } else {
        context.error(node.at, "expected a mapping for 'environment', got a text");
    }
    // The order of a mapping's keys carries no meaning: one order, so one canonical form.
    std::ranges::sort(out, {}, &EnvironmentRule::name);
    for (size_t i = 1; i < out.size(); i++) {
        if (out[i].name == out[i - 1].name)
            context.error(out[i].at, "environment variable '" + out[i].name + "' stands twice");
    }
    return out;
}

SignerFactor parse_signer(ParseContext& context, const text::Node& node) {
    SignerFactor factor;
    MappingReader reader(context, node, "'signer'");
    auto number = [&](std::string_view key, std::string_view other) -> std::optional<uint16_t> {
        const text::Node* value = reader.take(key);
        const text::Node* alias = reader.take(other);
        if (!value)
            value = alias;
        if (!value)
            return std::nullopt;
        auto read = context.number_of(*value, "'" + std::string(key) + "'", UINT16_MAX);
        return read ? std::optional<uint16_t>(static_cast<uint16_t>(*read)) : std::nullopt;
    };
    // Published examples also spell it mrsinger and isvsn.
    const text::Node* mrsigner = reader.take("mrsigner");
    const text::Node* misspelt = reader.take("mrsinger");
    if (!mrsigner)
        mrsigner = misspelt;
    if (mrsigner)
        factor.mrsigner = context.bytes_of<32>(*mrsigner, "'mrsigner'").value_or(factor.mrsigner);
    else if (node.is_mapping())
        context.error(node.at, "'signer' has no 'mrsigner'");
    auto isvprodid = number("isvprodid", "isvprodID");
    if (!isvprodid && node.is_mapping())
        context.error(node.at, "'signer' has no 'isvprodid'");
    factor.isvprodid = isvprodid.value_or(0);
    factor.isvsvn = number("isvsvn", "isvsn");
    factor.isvsvn_min = number("isvsvn_min", "isvsn_min");
    factor.isvsvn_max = number("isvsvn_max", "isvsn_max");
    if (factor.isvsvn && (factor.isvsvn_min || factor.isvsvn_max))
        context.error(node.at, "'isvsvn' excludes 'isvsvn_min' and 'isvsvn_max'");
    reader.finish();
    return factor;
}

std::vector<base::ByteArray<32>> parse_measurements(ParseContext& context, const text::Node& node,
                                                    std::string_view what) {
    std::vector<base::ByteArray<32>> out;
    for (const text::Node* item : context.scalars_of(node, what)) {
        if (auto measurement = context.bytes_of<32>(*item, what))
            out.push_back(*measurement);
    }
    return out;
}

AttestationVariant parse_variant(ParseContext& context, const text::Node& node) {
    AttestationVariant variant;
    MappingReader reader(context, node, "'attestation'");
    const text::Node* mrenclave = reader.take("mrenclave");
    const text::Node* plural = reader.take("mrenclaves");
    if (!mrenclave)
        mrenclave = plural;
    if (mrenclave)
        variant.mrenclaves = parse_measurements(context, *mrenclave, "'mrenclave'");
    if (const text::Node* signer = reader.take("signer"))
        variant.signer = parse_signer(context, *signer);
    reader.finish();
    bool demands_nothing = !variant.signer && (!variant.mrenclaves || variant.mrenclaves->empty());
    if (demands_nothing && node.is_mapping())
        context.error(node.at, "an attestation variant names neither 'mrenclave' nor 'signer'");
    return variant;
}

// `mrenclaves:` equals `attestation: {mrenclave: ...}`.
void read_attestation(ParseContext& context, MappingReader& reader, ServiceRule& service) {
    const text::Node* mrenclaves = reader.take("mrenclaves");
    const text::Node* attestation = reader.take("attestation", {0, 3, 7});
    if (mrenclaves && attestation) {
        context.error(mrenclaves->at, "'mrenclaves' and 'attestation' exclude each other");
        return;
    }
    if (mrenclaves && has_placeholder_inside(*mrenclaves)) {
        context.require({0, 3, 10}, mrenclaves->at, "a variable in 'mrenclaves'");
        service.unresolved_attestation = text::Node::mapping();
        service.unresolved_attestation->at = mrenclaves->at;
        service.unresolved_attestation->add("mrenclave", *mrenclaves);
    } else if (mrenclaves) {
        auto measurements = parse_measurements(context, *mrenclaves, "'mrenclaves'");
        if (!measurements.empty())
            service.attestation.push_back({std::move(measurements), std::nullopt});
    } else if (attestation && has_placeholder_inside(*attestation)) {
        context.require({0, 3, 10}, attestation->at, "a variable in 'attestation'");
        service.unresolved_attestation = *attestation;
    } else if (attestation) {
        service.attestation = parse_attestation(context, *attestation);
    }
}

std::vector<std::string> parse_platforms(ParseContext& context, const text::Node& node) {
    constexpr std::string_view kQeId = "INTEL_QE_ID:";
    std::vector<std::string> out;
    for (const text::Node* item : context.scalars_of(node, "'platforms'")) {
        if (has_placeholder(item->text)) {
            context.require({0, 3, 10}, item->at, "a variable in 'platforms'");
            out.push_back(item->text);
            continue;
        }
        text::Node digits = *item;
        bool is_qe_id = digits.text.starts_with(kQeId);
        if (is_qe_id)
            digits.text.erase(0, kQeId.size());
        if (auto value = context.hex_of(digits, "'platforms'", is_qe_id ? 16 : 32))
            out.push_back((is_qe_id ? std::string(kQeId) : std::string()) + *value);
    }
    return out;
}

void read_fspf(ParseContext& context, MappingReader& reader, ServiceRule& service) {
    service.fspf_path = reader.text("fspf_path").value_or("");
    if (const text::Node* key = reader.take("fspf_key")) {
        if (key->is_scalar() && has_placeholder(key->text)) {
            context.require({0, 3, 5}, key->at, "a variable in 'fspf_key'");
            service.fspf_key = key->text;
        } else {
            service.fspf_key = context.hex_of(*key, "'fspf_key'", 32);
        }
    }
    if (const text::Node* tag = reader.take("fspf_tag"))
        service.fspf_tag = context.hex_of(*tag, "'fspf_tag'", 16);
    if (const text::Node* update = reader.take("fspf_update_policy", {0, 3, 11})) {
        if (auto value = word_of(context, *update, "'fspf_update_policy'", kFspfUpdates))
            service.fspf_update = *value;
    }
}

// A key of old clients: nothing else than its absence has a meaning here.
void read_persistency(ParseContext& context, MappingReader& reader) {
    const text::Node* node = reader.take("persistency");
    if (node && node->text != "None" && node->text != "none")
        context.error(node->at, "'persistency' may only be None");
}

ServiceRule parse_service(ParseContext& context, const text::Node& node) {
    ServiceRule service;
    service.at = node.at;
    MappingReader reader(context, node, "service");
    service.name = reader.required_text("name");
    if (const text::Node* image = reader.take("image_name")) {
        service.image_name = context.text_of(*image, "'image_name'").value_or("");
        service.image_name_at = image->at;
    }
    if (const text::Node* command = reader.take("command")) {
        service.command = parse_command(context, *command);
        service.command_at = command->at;
    }
    if (const text::Node* environment = reader.take("environment"))
        service.environment = parse_environment(context, *environment);
    if (auto pwd = reader.text("pwd"))
        service.pwd = *pwd;
    read_attestation(context, reader, service);
    if (const text::Node* platforms = reader.take("platforms"))
        service.platforms = parse_platforms(context, *platforms);
    read_fspf(context, reader, service);
    service.one_time_password_shared_secret =
        reader.text("one_time_password_shared_secret", {0, 3, 8});
    read_persistency(context, reader);
    reader.finish();
    return service;
}

}  // namespace

std::string_view name_of(FspfUpdate update) {
    return kFspfUpdates[update == FspfUpdate::NoRollbackProtection ? 1 : 0].first;
}

std::optional<std::vector<std::string>> split_command(std::string_view command) {
    std::vector<std::string> words;
    std::string word;
    bool in_word = false;
    char quote = 0;
    for (char c : command) {
        if (quote != 0) {
            if (c == quote)
                quote = 0;
            else
                word += c;
        } else if (c == '"' || c == '\'') {
            quote = c;
            in_word = true;
        } else if (is_blank(c)) {
            if (in_word)
                words.push_back(std::move(word));
            word.clear();
            in_word = false;
        } else {
            word += c;
            in_word = true;
        }
    }
    if (quote != 0)
        return std::nullopt;
    if (in_word)
        words.push_back(std::move(word));
    return words;
}

std::vector<AttestationVariant> parse_attestation(ParseContext& context, const text::Node& node) {
    std::vector<AttestationVariant> out;
    if (node.is_sequence()) {
        for (const text::Node* item : context.items_of(node, "'attestation'"))
            out.push_back(parse_variant(context, *item));
    } else {
        out.push_back(parse_variant(context, node));
    }
    return out;
}

std::vector<ServiceRule> parse_services(ParseContext& context, const text::Node& node) {
    std::vector<ServiceRule> out;
    for (const text::Node* item : context.items_of(node, "'services'"))
        out.push_back(parse_service(context, *item));
    return out;
}

}  // namespace scone::policy
