#include "lib/policy/session_parser.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "lib/policy/part_parsers.h"
#include "lib/policy/session_checks.h"
#include "lib/policy/variables.h"
#include "lib/text/pem.h"
#include "lib/text/yaml.h"

namespace scone::policy {
namespace {

constexpr uint8_t kNewestPatch = 12;  // 0.3.12

std::optional<LanguageVersion> parse_version(std::string_view text) {
    LanguageVersion version{0, 0, 0, std::string(text)};
    uint8_t* const parts[] = {&version.major, &version.minor, &version.patch};
    const char* at = text.data();
    const char* const end = text.data() + text.size();
    for (size_t i = 0; i < 3; i++) {
        auto [next, code] = std::from_chars(at, end, *parts[i]);
        if (code != std::errc() || (next - at > 1 && *at == '0'))
            return std::nullopt;
        at = next;
        if (at == end && i > 0)
            break;
        if (at == end || *at != '.')
            return std::nullopt;
        at++;
    }
    if (at != end || version.major != 0 || version.minor < 1 || version.minor > 3)
        return std::nullopt;
    bool patch_known = version.minor == 3 ? version.patch <= kNewestPatch : version.patch == 0;
    return patch_known ? std::optional(version) : std::nullopt;
}

void read_version(ParseContext& context, MappingReader& reader) {
    const text::Node* node = reader.take("version");
    if (!node)
        return;  // language 0.1
    auto text = context.text_of(*node, "'version'");
    if (!text)
        return;
    auto version = parse_version(*text);
    if (version)
        context.version = *version;
    else
        context.error(node->at, "expected a language version from 0.1 to 0.3." +
                                    std::to_string(kNewestPatch) + ", got '" + *text + "'");
}

void read_hashes(ParseContext& context, MappingReader& reader, Session& session) {
    const text::Node* predecessor = reader.take("predecessor");
    if (const text::Node* digest = reader.take("digest"); digest && digest->text != "create")
        predecessor = digest;  // language 0.1: "create", or the hash of what is replaced
    if (predecessor)
        session.predecessor = context.bytes_of<32>(*predecessor, "'predecessor'");
    if (const text::Node* hash = reader.take("namespace_hash", {0, 3, 11})) {
        session.namespace_hash = context.bytes_of<32>(*hash, "'namespace_hash'");
        if (predecessor)
            context.error(hash->at, "'namespace_hash' and 'predecessor' exclude each other");
    }
    if (const text::Node* salt = reader.take("salt", {0, 3, 12}))
        session.salt = context.bytes_of<16>(*salt, "'salt'");
}

void read_creator(ParseContext& context, MappingReader& reader, Session& session) {
    const text::Node* node = reader.take("creator");
    if (!node)
        return;
    Creator creator;
    if (node->is_mapping()) {
        MappingReader inner(context, *node, "'creator'");
        creator.kind = Creator::Kind::Signer;
        creator.pem = normal_pem(inner.required_text("signer"));
        inner.finish();
    } else {
        creator.pem = normal_pem(context.text_of(*node, "'creator'").value_or(""));
        if (!text::looks_like_pem(creator.pem))
            context.error(node->at, "expected a certificate in PEM for 'creator'");
    }
    session.creator = std::move(creator);
}

void read_secret_store(ParseContext& context, MappingReader& reader, Session& session) {
    const text::Node* node = reader.take("secret_config", {0, 3, 10});
    if (!node)
        return;
    MappingReader outer(context, *node, "'secret_config'");
    const text::Node* store = outer.take("store_in");
    if (store && store->tag == "!akv") {
        MappingReader akv(context, *store, "'store_in: !akv'");
        session.secret_store.kind = SecretStoreKind::Akv;
        session.secret_store.akv_token = akv.required_text("token");
        session.secret_store.akv_vault = akv.required_text("vault");
        akv.finish();
    } else if (store && (store->tag != "!cas" || !store->is_null())) {
        context.error(store->at, "expected '!cas' or '!akv {token, vault}' for 'store_in'");
    }
    outer.finish();
}

// Old servers printed an approval board. An empty one means nothing; a real one cannot be kept.
void read_board(ParseContext& context, MappingReader& reader) {
    const text::Node* members = reader.take("board_members");
    reader.take("board_policy");
    if (members && (!members->is_sequence() || !members->items.empty()))
        context.error(members->at, "approval boards are not supported",
                      "use 'require-at-least-N' with signers in 'access_policy'");
}

// Tags stand for a choice at 'store_in' and nowhere else.
void refuse_tags(ParseContext& context, const text::Node& node, bool allowed) {
    if (!node.tag.empty() && !allowed)
        context.error(node.at, "a tag has no meaning here: '" + node.tag + "'");
    for (const text::Node& item : node.items)
        refuse_tags(context, item, false);
    for (const text::NodeEntry& entry : node.entries)
        refuse_tags(context, entry.value, entry.key == "store_in");
}

Session read_session(ParseContext& context, const text::Node& root, const ParseOptions& options) {
    Session session;
    MappingReader reader(context, root, "the policy");
    if (!reader.is_mapping())
        return session;
    refuse_tags(context, root, false);
    read_version(context, reader);
    session.version = context.version;
    if (const text::Node* name = reader.take("name")) {
        session.name = context.text_of(*name, "'name'").value_or("");
        session.name_at = name->at;
    } else if (!options.name) {
        context.error(root.at, "the policy has no 'name'");
    }
    if (options.name)
        session.name = *options.name;
    read_hashes(context, reader, session);
    if (const text::Node* services = reader.take("services"))
        session.services = parse_services(context, *services);
    if (const text::Node* secrets = reader.take("secrets"))
        session.secrets = parse_secrets(context, *secrets);
    read_secret_store(context, reader, session);
    if (const text::Node* volumes = reader.take("volumes"))
        session.volumes = parse_volumes(context, *volumes);
    if (const text::Node* images = reader.take("images"))
        session.images = parse_images(context, *images, session.services);
    if (const text::Node* access = reader.take("access_policy"))
        session.access_policy = parse_access_policy(context, *access);
    if (const text::Node* security = reader.take("security", {0, 3, 1}))
        session.security = parse_security(context, *security);
    read_creator(context, reader, session);
    read_board(context, reader);
    reader.finish();
    return session;
}

// Fragments are read by the newest rules: they have no version of their own.
LanguageVersion newest() {
    return {0, 3, kNewestPatch, "0.3." + std::to_string(kNewestPatch)};
}

constexpr size_t kMaxResolvedNodes = 100'000;

size_t count_nodes(const text::Node& node) {
    size_t count = 1;
    for (const text::Node& item : node.items)
        count += count_nodes(item);
    for (const text::NodeEntry& entry : node.entries)
        count += count_nodes(entry.value);
    return count;
}

// A copy of the tree with every variable replaced; lists that stand in a list are spliced. `budget`
// bounds what many uses of a large fragment add up to.
text::Node put_fragments(ParseContext& context, const text::Node& node,
                         const FragmentLookup& fragments, size_t& budget) {
    if (node.is_scalar() && has_placeholder(node.text)) {
        auto placeholder = whole_placeholder(node.text);
        const text::Node* found =
            placeholder && placeholder->format.empty() ? fragments(placeholder->secret) : nullptr;
        if (!found) {
            context.error(node.at, "variable " + node.text + " has no usable value");
            return text::Node::null();
        }
        if (has_placeholder_inside(*found)) {
            context.error(node.at, "the value of " + node.text + " contains a variable itself");
            return text::Node::null();
        }
        size_t count = count_nodes(*found);
        if (count > budget) {
            context.error(node.at, "the section grows too large with its variables put in");
            return text::Node::null();
        }
        budget -= count;
        return *found;
    }
    text::Node out = node;
    out.items.clear();
    for (const text::Node& item : node.items) {
        text::Node replaced = put_fragments(context, item, fragments, budget);
        if (item.is_scalar() && replaced.is_sequence())
            std::ranges::move(replaced.items, std::back_inserter(out.items));
        else
            out.items.push_back(std::move(replaced));
    }
    for (text::NodeEntry& entry : out.entries)
        entry.value = put_fragments(context, entry.value, fragments, budget);
    return out;
}

template <class T>
Checked<T> finished(ParseContext& context, T value) {
    if (context.errors().empty())
        return value;
    Diagnostics errors = context.take_errors();
    std::ranges::sort(errors, {}, [](const text::Diagnostic& error) {
        return std::tuple(error.at.line, error.at.column, std::string_view(error.message));
    });
    return base::fail(std::move(errors));
}

}  // namespace

bool has_placeholder_inside(const text::Node& node) {
    if (node.is_scalar())
        return has_placeholder(node.text);
    return std::ranges::any_of(node.items, has_placeholder_inside) ||
           std::ranges::any_of(node.entries, [](const text::NodeEntry& entry) {
               return has_placeholder_inside(entry.value);
           });
}

std::string normal_pem(std::string_view text) {
    auto blocks = text::from_pem(text);
    if (!blocks)
        return std::string(text);
    std::string out;
    for (const text::PemBlock& block : *blocks)
        out += text::to_pem(block.label, block.der);
    return out;
}

Checked<Session> parse(std::string_view yaml, const ParseOptions& options) {
    auto root = text::parse_yaml(yaml, {.allowed_tags = {"!cas", "!akv"}});
    if (!root)
        return base::fail(Diagnostics{std::move(root).error()});
    if (options.variables) {
        Diagnostics missing = text::substitute_variables(*root, yaml, options.variables);
        if (!missing.empty())
            return base::fail(std::move(missing));
    }
    ParseContext context;
    Session session = read_session(context, *root, options);
    if (context.errors().empty()) {
        for (text::Diagnostic& error : check(session))
            context.error(error.at, std::move(error.message), std::move(error.hint));
    }
    return finished(context, std::move(session));
}

Checked<std::vector<AttestationVariant>> resolve_attestation(const ServiceRule& service,
                                                             const FragmentLookup& fragments) {
    if (!service.unresolved_attestation)
        return service.attestation;
    ParseContext context;
    context.version = newest();
    size_t budget = kMaxResolvedNodes;
    text::Node node = put_fragments(context, *service.unresolved_attestation, fragments, budget);
    std::vector<AttestationVariant> out;
    if (context.errors().empty())
        out = parse_attestation(context, node);
    return finished(context, std::move(out));
}

Checked<Security> resolve_security(const Security& security, const FragmentLookup& fragments) {
    if (!security.unresolved)
        return security;
    ParseContext context;
    context.version = newest();
    size_t budget = kMaxResolvedNodes;
    text::Node node = put_fragments(context, *security.unresolved, fragments, budget);
    Security out;
    if (context.errors().empty())
        out = parse_security(context, node);
    if (out.ignore_all_advisories && !out.tolerates(Tolerance::DebugMode))
        context.error(node.at, "ignore_advisories \"*\" is accepted only with debug-mode");
    return finished(context, std::move(out));
}

Checked<std::vector<AccessRule>> parse_access_rules(const text::Node& node) {
    ParseContext context;
    context.version = newest();
    return finished(context, parse_rules(context, node));
}

Checked<AccessPolicy> resolve_access_policy(const AccessPolicy& policy,
                                            const FragmentLookup& fragments) {
    if (!policy.variable)
        return policy;
    ParseContext context;
    context.version = newest();
    auto placeholder = whole_placeholder(*policy.variable);
    const text::Node* found = placeholder ? fragments(placeholder->secret) : nullptr;
    AccessPolicy out;
    if (found)
        out = parse_access_policy(context, *found);
    else
        context.error({}, "variable " + *policy.variable + " has no usable value");
    if (out.variable)
        context.error({}, "the value of " + *policy.variable + " is a variable itself");
    return finished(context, std::move(out));
}

}  // namespace scone::policy
