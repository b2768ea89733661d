#include "services/cas/config_file.h"

#include <charconv>
#include <vector>

#include "lib/text/toml.h"
#include "services/cas/state_folder.h"

namespace scone::cas {
namespace {

using text::Diagnostic;
using text::ExitCode;
using text::failure;
using text::Node;
using text::Outcome;

constexpr size_t kMaxFileSize = 1 << 20;

std::unexpected<text::Failure> wrong(const Node& node, const std::string& message) {
    return failure(ExitCode::InvalidInput, to_string(Diagnostic{node.at, message, {}}));
}

Outcome<std::string> string_of(const Node& node) {
    if (!node.is_scalar() || node.style == text::ScalarStyle::Plain)
        return wrong(node, "expected a string in quotes");
    return node.text;
}

Outcome<std::vector<std::string>> strings_of(const Node& node) {
    if (!node.is_sequence())
        return wrong(node, "expected a list of strings");
    std::vector<std::string> out;
    for (const Node& item : node.items)
        out.push_back(SCONE_TRY(string_of(item)));
    return out;
}

Outcome<bool> flag_of(const Node& node) {
    bool is_flag = node.is_scalar() && node.style == text::ScalarStyle::Plain &&
                   (node.text == "true" || node.text == "false");
    if (!is_flag)
        return wrong(node, "expected true or false");
    return node.text == "true";
}

struct Target {
    Options& options;
    std::filesystem::path folder;
};

Outcome<void> set_endpoint(net::Endpoint& place, const Node& value, uint16_t port) {
    auto parsed = net::parse_endpoint(SCONE_TRY(string_of(value)), port);
    if (!parsed)
        return wrong(value, parsed.error().what);
    place = std::move(*parsed);
    return {};
}

Outcome<void> set_database(Target& target, const Node& value) {
    std::filesystem::path path = target.folder / SCONE_TRY(string_of(value));
    if (path.filename() != "cas.db")
        return wrong(value, "the database's file is always called cas.db");
    target.options.state = path.parent_path();
    return {};
}

Outcome<void> set_alt_names(Target& target, const Node& value) {
    AuthorityNames& names = target.options.names;
    names.dns_names = {"cas"};  // what enclaves expect
    names.ip_addresses.clear();
    for (const std::string& name : SCONE_TRY(strings_of(value)))
        names.add(name);
    return {};
}

Outcome<void> set_rate(Target& target, const Node& value) {
    double rate = 0;
    const std::string& text = value.text;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rate);
    if (!value.is_scalar() || error != std::errc() || end != text.data() + text.size() ||
        !(rate >= 0 && rate < 1e9))
        return wrong(value, "expected a number of connections per second");
    target.options.handshakes_per_second = rate;
    target.options.handshake_burst = 2 * rate;
    return {};
}

struct Key {
    const char* table;
    const char* name;
    Outcome<void> (*apply)(Target& target, const Node& value);
};

constexpr Key kKeys[] = {
    {"database", "path", set_database},
    {"api", "api_listen",
     [](Target& target, const Node& value) {
         return set_endpoint(target.options.api, value, net::kCasApiPort);
     }},
    {"api", "enclave_listen",
     [](Target& target, const Node& value) {
         return set_endpoint(target.options.enclaves, value, net::kCasEnclavePort);
     }},
    {"api_identity", "common_name",
     [](Target& target, const Node& value) -> Outcome<void> {
         target.options.names.common_name = SCONE_TRY(string_of(value));
         return {};
     }},
    {"api_identity", "alt_names", set_alt_names},
    {"metrics", "listen",
     [](Target& target, const Node& value) {
         target.options.metrics.emplace();
         return set_endpoint(*target.options.metrics, value, kMetricsPort);
     }},
    {"attestation", "collateral",
     [](Target& target, const Node& value) -> Outcome<void> {
         target.options.collateral = target.folder / SCONE_TRY(string_of(value));
         return {};
     }},
    {"attestation", "insecure_allow_simulation",
     [](Target& target, const Node& value) -> Outcome<void> {
         target.options.simulation =
             SCONE_TRY(flag_of(value)) ? Simulation::InsecureAllowed : Simulation::Refused;
         return {};
     }},
    {"limits", "connections_per_second", set_rate},
};

std::unexpected<text::Failure> unknown(const text::Position& at, const std::string& name,
                                       const std::vector<std::string_view>& known) {
    std::string_view nearest = text::nearest_name(name, known);
    std::string hint = nearest.empty() ? "" : "did you mean '" + std::string(nearest) + "'?";
    return failure(ExitCode::InvalidInput,
                   to_string(Diagnostic{at, "unknown key '" + name + "'", hint}));
}

Outcome<void> apply_table(const text::NodeEntry& table, Target& target) {
    std::vector<std::string_view> tables;
    std::vector<std::string_view> names;
    for (const Key& key : kKeys) {
        tables.emplace_back(key.table);
        if (table.key == key.table)
            names.emplace_back(key.name);
    }
    if (names.empty())
        return unknown(table.at, table.key, tables);
    if (!table.value.is_mapping())
        return wrong(table.value, "expected a table");
    for (const text::NodeEntry& entry : table.value.entries) {
        const Key* found = nullptr;
        for (const Key& key : kKeys) {
            if (table.key == key.table && entry.key == key.name)
                found = &key;
        }
        if (found == nullptr)
            return unknown(entry.at, entry.key, names);
        SCONE_TRY(found->apply(target, entry.value));
    }
    return {};
}

}  // namespace

Outcome<void> apply_config(std::string_view toml, const std::filesystem::path& folder,
                           Options& options) {
    auto document = text::parse_toml(toml);
    if (!document)
        return failure(ExitCode::InvalidInput, to_string(document.error()));
    Target target{options, folder};
    for (const text::NodeEntry& table : document->entries)
        SCONE_TRY(apply_table(table, target));
    return {};
}

Outcome<void> apply_config_file(const std::filesystem::path& path, Options& options) {
    std::string doing = "reading the configuration " + path.string();
    auto content = SCONE_TRY(read_file(path, kMaxFileSize));
    if (!content)
        return failure(ExitCode::NotFound, "there is no file '" + path.string() + "'", doing,
                       "scone-cas --help; without a file the defaults hold");
    auto applied = apply_config(content->expose_text(), path.parent_path(), options);
    if (!applied)
        applied.error().doing = doing;
    return applied;
}

}  // namespace scone::cas
