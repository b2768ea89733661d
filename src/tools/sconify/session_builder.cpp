#include "tools/sconify/session_builder.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/policy/session_parser.h"
#include "lib/text/json.h"
#include "lib/text/template.h"
#include "lib/text/yaml.h"
#include "tools/oci/file_handle.h"

namespace scone::sconify {
namespace {

using text::ExitCode;
using text::failure;
using text::Json;
using text::Outcome;

constexpr size_t kMaxTemplate = 1 << 20;

// Lists and maps come in one line (YAML's flow style), so that they fit at any indentation.
constexpr std::string_view kDefaultTemplate = R"(name: $NAMESPACE/$SESSION
version: "0.3.10"
access_policy:
  read: [CREATOR]
  update: [CREATOR]
services:
  - name: $SERVICE
    image_name: ${SERVICE}_image
    mrenclaves: [$MRENCLAVE]
    command: $CMD
    pwd: $PWD
    environment: $ENVVARS
    fspf_path: /fspf/fs.fspf
    fspf_key: $SCONE_FSPF_KEY
    fspf_tag: $SCONE_FSPF_TAG
images:
  - name: ${SERVICE}_image
security:
  attestation: $ATTESTATION
)";

std::string json_text_of(std::string_view text) {
    return text::write_json(Json(text));
}

std::string environment_of(const SessionFacts& facts) {
    Json out = Json::object();
    for (const auto& [name, value] : facts.environment)
        out.set(name, value);
    return text::write_json(out);
}

std::string command_of(const SessionFacts& facts) {
    Json out = Json::array();
    for (const std::string& word : facts.command)
        out.push(word);
    return text::write_json(out);
}

std::string attestation_of(const Options& options) {
    Json out = Json::object();
    if (!options.defaults.attest_service) {
        out.set("mode", "none");
        return text::write_json(out);
    }
    Json tolerate = Json::array();
    if (options.tolerate_debug_mode)
        tolerate.push("debug-mode");
    if (options.tolerate_tcb_problems)
        for (const char* problem : {"hyperthreading", "insecure-igpu", "outdated-tcb",
                                    "software-hardening-needed", "insecure-configuration"})
            tolerate.push(problem);
    out.set("tolerate", std::move(tolerate));
    // The language takes "*" only beside debug-mode.
    if (options.tolerate_tcb_problems && options.tolerate_debug_mode)
        out.set("ignore_advisories", "*");
    return text::write_json(out);
}

text::VariableLookup variables(const SessionFacts& facts, const Options& options) {
    return [&](std::string_view name) -> std::optional<std::string> {
        if (name == "NAMESPACE")
            return options.name_space;
        if (name == "SESSION")
            return options.session;
        if (name == "SERVICE")
            return options.service;
        if (name == "MRENCLAVE")
            return facts.mrenclave;
        if (name == "SCONE_FSPF_KEY")
            return json_text_of(facts.fspf_key);
        if (name == "SCONE_FSPF_TAG")
            return json_text_of(facts.fspf_tag);
        if (name == "CMD")
            return command_of(facts);
        if (name == "PWD")
            return json_text_of(facts.pwd);
        if (name == "ENVVARS")
            return environment_of(facts);
        if (name == "ATTESTATION")
            return attestation_of(options);
        if (name == "SECRETS" || name == "INJECTED_FILES")
            return "[]";
        return std::nullopt;
    };
}

std::string where(const text::Diagnostic& diagnostic) {
    return text::to_string(diagnostic);
}

Outcome<text::Node> parsed(const std::string& session, std::string_view name) {
    auto node = text::parse_yaml(session);
    if (!node)
        return failure(ExitCode::InvalidInput, fmt::format("{}: {}", name, where(node.error())));
    return std::move(*node);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> session_environment(const NativeImage& image,
                                                                     const Collected& files,
                                                                     const Options& options) {
    std::vector<std::pair<std::string, std::string>> out;
    const auto set = [&](std::string name, std::string value) {
        const auto found =
            std::ranges::find(out, name, &std::pair<std::string, std::string>::first);
        if (found != out.end())
            found->second = std::move(value);
        else
            out.emplace_back(std::move(name), std::move(value));
    };
    if (options.defaults.copy_environment)
        for (const std::string& setting : image.config().environment)
            if (const size_t equals = setting.find('='); equals != std::string::npos && equals > 0)
                set(setting.substr(0, equals), setting.substr(equals + 1));
    // Of an attested service only what its policy permits may be loaded, whatever was measured.
    set("SCONE_ALLOW_DLOPEN", std::to_string(options.dlopen));
    for (const auto& [name, value] : options.environment)
        set(name, value);
    const bool has_path =
        std::ranges::count(out, "LD_LIBRARY_PATH", &std::pair<std::string, std::string>::first) > 0;
    if (options.defaults.library_path && !has_path && !files.library_folders.empty()) {
        std::string path;
        std::vector<std::string> folders = files.library_folders;
        for (const char* folder : {"/lib", "/usr/lib", "/usr/local/lib"})
            if (std::ranges::count(folders, folder) == 0)
                folders.emplace_back(folder);
        for (const std::string& folder : folders)
            path += fmt::format("{}{}", path.empty() ? "" : ":", folder);
        set("LD_LIBRARY_PATH", path);
    }
    if (options.log_level)
        set("SCONE_LOG", *options.log_level);
    return out;
}

Outcome<std::string> build_session(const SessionFacts& facts, const Options& options) {
    std::string source(kDefaultTemplate);
    std::string name = "the built-in template";
    if (options.template_file) {
        name = fmt::format("template '{}'", *options.template_file);
        source = SCONE_TRY(oci::read_file(*options.template_file, kMaxTemplate));
    }
    const auto filled = text::substitute_text(source, variables(facts, options));
    if (!filled)
        return failure(ExitCode::InvalidInput,
                       fmt::format("{}: {}", name, where(filled.error()[0])), {},
                       "NAMESPACE SESSION SERVICE MRENCLAVE CMD PWD ENVVARS SCONE_FSPF_KEY "
                       "SCONE_FSPF_TAG ATTESTATION SECRETS INJECTED_FILES are known");
    std::string session = text::write_yaml(SCONE_TRY(parsed(*filled, name)));
    if (const auto checked = policy::parse(session); !checked) {
        // The user knows the places of the template, not of what we write.
        const auto in_source = policy::parse(*filled);
        return failure(ExitCode::InvalidInput,
                       fmt::format("{} gives no valid session: {}", name,
                                   where((in_source ? checked : in_source).error()[0])));
    }
    return session;
}

Outcome<std::string> with_predecessor(const std::string& session, const std::string& hash) {
    text::Node root = SCONE_TRY(parsed(session, "the session"));
    std::erase_if(root.entries, [](const text::NodeEntry& e) { return e.key == "predecessor"; });
    root.add("predecessor", text::Node::scalar(hash));
    return text::write_yaml(root);
}

std::string namespace_session(const std::string& name) {
    return fmt::format(
        "name: {}\n"
        "version: \"0.3.10\"\n"
        "access_policy:\n"
        "  read: [CREATOR]\n"
        "  update: [CREATOR]\n"
        "  create_sessions: [CREATOR]\n",
        json_text_of(name));
}

std::string masked(std::string session, const SessionFacts& facts) {
    for (const std::string& secret : {facts.fspf_key, facts.fspf_tag})
        for (size_t at; !secret.empty() && (at = session.find(secret)) != std::string::npos;)
            session.replace(at, secret.size(), std::string(secret.size(), '*'));
    return session;
}

}  // namespace scone::sconify
