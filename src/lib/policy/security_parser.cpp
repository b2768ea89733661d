#include "lib/policy/part_parsers.h"
#include "lib/policy/variables.h"

namespace scone::policy {
namespace {

constexpr std::pair<std::string_view, AttestationMode> kModes[] = {
    {"hardware", AttestationMode::Hardware},
    {"none", AttestationMode::None},
    {"maa", AttestationMode::Maa},
};

// "debug" is how one published example spells debug-mode; names are given by the first match.
constexpr std::pair<std::string_view, Tolerance> kTolerances[] = {
    {"debug-mode", Tolerance::DebugMode},
    {"debug", Tolerance::DebugMode},
    {"hyperthreading", Tolerance::Hyperthreading},
    {"insecure-igpu", Tolerance::InsecureIgpu},
    {"aepic-leak", Tolerance::AepicLeak},
    {"software-hardening-needed", Tolerance::SoftwareHardeningNeeded},
    {"insecure-configuration", Tolerance::InsecureConfiguration},
    {"outdated-tcb", Tolerance::OutdatedTcb},
    {"maa-managed-tcb", Tolerance::MaaManagedTcb},
    {"local-attestation-trust-cas-tcb", Tolerance::LocalAttestationTrustCasTcb},
};

bool is_advisory(std::string_view text) {
    constexpr std::string_view kPrefix = "INTEL-SA-";
    if (!text.starts_with(kPrefix) || text.size() != kPrefix.size() + 5)
        return false;
    for (char c : text.substr(kPrefix.size())) {
        if (c < '0' || c > '9')
            return false;
    }
    return true;
}

void read_advisories(ParseContext& context, const text::Node& node, Security& security) {
    security.advisories_at = node.at;
    for (const text::Node* item : context.scalars_of(node, "'ignore_advisories'")) {
        if (item->text == "*")
            security.ignore_all_advisories = true;
        else if (is_advisory(item->text))
            security.ignore_advisories.push_back(item->text);
        else
            context.error(item->at,
                          "expected \"INTEL-SA-\" and five digits, or \"*\", in "
                          "'ignore_advisories', got '" +
                              item->text + "'");
    }
}

void read_attestation_section(ParseContext& context, const text::Node& node, Security& security) {
    MappingReader reader(context, node, "'attestation'");
    if (const text::Node* mode = reader.take("mode")) {
        if (auto value = word_of(context, *mode, "'mode'", kModes))
            security.mode = *value;
        if (mode->text == "maa")
            context.require({0, 3, 7}, mode->at, "mode 'maa'");
    }
    if (const text::Node* tolerate = reader.take("tolerate")) {
        for (const text::Node* item : context.scalars_of(*tolerate, "'tolerate'")) {
            auto value = word_of(context, *item, "'tolerate'", kTolerances);
            if (value && !security.tolerates(*value))
                security.tolerate.push_back(*value);
        }
    }
    if (const text::Node* advisories = reader.take("ignore_advisories"))
        read_advisories(context, *advisories, security);
    if (const text::Node* keys = reader.take("trusted_scone_qe_pubkeys")) {
        for (const text::Node* item : context.scalars_of(*keys, "'trusted_scone_qe_pubkeys'")) {
            if (auto digits = context.hex_of(*item, "'trusted_scone_qe_pubkeys'", 32))
                security.trusted_scone_qe_pubkeys.push_back(*digits);
        }
    }
    security.must_be_sgx_local = reader.flag("must_be_sgx_local", {0, 3, 11}).value_or(false);
    security.one_time_password_shared_secret =
        reader.text("one_time_password_shared_secret", {0, 3, 8});
    security.maa_url = reader.text("url");
    if (const text::Node* certificates = reader.take("certificates")) {
        for (const text::Node* item : context.scalars_of(*certificates, "'certificates'"))
            security.maa_certificates.push_back(normal_pem(item->text));
    }
    if (const text::Node* size = reader.take("min_rsa_signing_key_size")) {
        auto value = context.number_of(*size, "'min_rsa_signing_key_size'", 65536);
        if (value)
            security.min_rsa_signing_key_size = static_cast<uint32_t>(*value);
    }
    reader.finish();
}

}  // namespace

std::string_view name_of(Tolerance tolerance) {
    for (const auto& [name, value] : kTolerances) {
        if (value == tolerance)
            return name;
    }
    __builtin_unreachable();
}

Security parse_security(ParseContext& context, const text::Node& node) {
    Security security;
    security.at = node.at;
    if (has_placeholder_inside(node)) {
        context.require({0, 3, 10}, node.at, "a variable in 'security'");
        security.unresolved = node;
        return security;
    }
    MappingReader reader(context, node, "'security'");
    security.singleton_enclaves = reader.flag("singleton_enclaves", {0, 3, 9}).value_or(false);
    security.service_access_token = reader.text("service_access_token", {0, 3, 9});
    if (const text::Node* attestation = reader.take("attestation"))
        read_attestation_section(context, *attestation, security);
    reader.finish();
    return security;
}

}  // namespace scone::policy
