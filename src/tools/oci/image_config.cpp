#include "tools/oci/image_config.h"

#include <fmt/format.h>

#include <algorithm>

namespace scone::oci {
namespace {

using text::ExitCode;
using text::failure;
using text::Outcome;

// Keys that repeat a build's configuration, and with it what conversion takes out.
constexpr const char* kRepeatedKeys[] = {"container_config", "container", "docker_version", "id",
                                         "parent",           "parent_id", "throwaway"};
constexpr const char* kRepeatedConfigKeys[] = {"Image", "Hostname", "Domainname"};

// Takes a key out of `object` and hands its value over.
Json take(Json& object, const char* key) {
    Json out;
    if (const auto it = object.find(key); it != object.end()) {
        out = std::move(*it);
        object.erase(it);
    }
    return out;
}

Outcome<std::vector<std::string>> names_of(const Json& object, const char* key) {
    const Json set = SCONE_TRY(get_object(object, key));
    std::vector<std::string> out;
    for (const auto& item : set.items())
        out.push_back(item.key());
    return out;
}

Json set_of(const std::vector<std::string>& names) {
    Json out = Json::object();
    for (const std::string& name : names)
        out[name] = Json::object();
    return out;
}

Outcome<std::vector<HistoryEntry>> read_history(const Json& top) {
    std::vector<HistoryEntry> out;
    for (const Json& item : SCONE_TRY(get_objects(top, "history"))) {
        const auto empty = item.find("empty_layer");
        out.push_back(
            {.created = SCONE_TRY(get_text(item, "created")),
             .created_by = SCONE_TRY(get_text(item, "created_by")),
             .comment = SCONE_TRY(get_text(item, "comment")),
             .empty_layer = empty != item.end() && empty->is_boolean() && empty->get<bool>()});
    }
    return out;
}

Outcome<std::vector<Digest>> read_diff_ids(const Json& top) {
    const Json rootfs = SCONE_TRY(get_object(top, "rootfs"));
    std::vector<Digest> out;
    for (const std::string& text : SCONE_TRY(get_texts(rootfs, "diff_ids"))) {
        auto digest = Digest::parse(text);
        if (!digest)
            return failure(ExitCode::InvalidInput,
                           fmt::format("'diff_ids' names '{}', which is no sha256 digest", text));
        out.push_back(std::move(*digest));
    }
    return out;
}

Json history_json(const std::vector<HistoryEntry>& history) {
    Json out = Json::array();
    for (const HistoryEntry& entry : history) {
        Json item = Json::object();
        if (!entry.created.empty())
            item["created"] = entry.created;
        item["created_by"] = entry.created_by;
        if (!entry.comment.empty())
            item["comment"] = entry.comment;
        if (entry.empty_layer)
            item["empty_layer"] = true;
        out.push_back(std::move(item));
    }
    return out;
}

}  // namespace

Outcome<ImageConfig> ImageConfig::parse(std::string_view json) {
    Json top = SCONE_TRY(parse_json_object(json, "the image's configuration"));
    Json config = SCONE_TRY(get_object(top, "config"));
    ImageConfig out;
    out.architecture = SCONE_TRY(get_text(top, "architecture"));
    out.os = SCONE_TRY(get_text(top, "os"));
    out.created = SCONE_TRY(get_text(top, "created"));
    out.history = SCONE_TRY(read_history(top));
    out.diff_ids = SCONE_TRY(read_diff_ids(top));
    out.user = SCONE_TRY(get_text(config, "User"));
    out.working_dir = SCONE_TRY(get_text(config, "WorkingDir"));
    out.stop_signal = SCONE_TRY(get_text(config, "StopSignal"));
    out.entrypoint = SCONE_TRY(get_texts(config, "Entrypoint"));
    out.command = SCONE_TRY(get_texts(config, "Cmd"));
    out.environment = SCONE_TRY(get_texts(config, "Env"));
    out.on_build = SCONE_TRY(get_texts(config, "OnBuild"));
    out.shell = SCONE_TRY(get_texts(config, "Shell"));
    out.exposed_ports = SCONE_TRY(names_of(config, "ExposedPorts"));
    out.volumes = SCONE_TRY(names_of(config, "Volumes"));
    const Json labels = SCONE_TRY(get_object(config, "Labels"));
    for (const auto& item : labels.items()) {
        if (!item.value().is_string())
            return failure(ExitCode::InvalidInput,
                           fmt::format("label '{}' is not a text", item.key()));
        out.labels.emplace_back(item.key(), item.value().get<std::string>());
    }
    const Json healthcheck = SCONE_TRY(get_object(config, "Healthcheck"));
    if (!healthcheck.empty()) {
        SCONE_TRY(get_texts(healthcheck, "Test"));
        out.healthcheck = healthcheck;
    }
    for (const char* key : {"architecture", "os", "created", "history", "rootfs", "config"})
        take(top, key);
    for (const char* key : kRepeatedKeys)
        take(top, key);
    for (const char* key : {"User", "WorkingDir", "StopSignal", "Entrypoint", "Cmd", "Env",
                            "OnBuild", "Shell", "ExposedPorts", "Volumes", "Labels", "Healthcheck"})
        take(config, key);
    for (const char* key : kRepeatedConfigKeys)
        take(config, key);
    out.rest_ = std::move(top);
    out.config_rest_ = std::move(config);
    return out;
}

ImageConfig ImageConfig::empty() {
    ImageConfig out;
    out.architecture = "amd64";
    out.os = "linux";
    return out;
}

std::optional<std::string> ImageConfig::variable(std::string_view name) const {
    for (const std::string& setting : environment)
        if (setting.size() > name.size() && setting.starts_with(name) &&
            setting[name.size()] == '=')
            return setting.substr(name.size() + 1);
    return std::nullopt;
}

void ImageConfig::set_variable(std::string_view name, std::string_view value) {
    std::erase_if(environment, [&](const std::string& setting) {
        return setting.starts_with(name) && setting.size() > name.size() &&
               setting[name.size()] == '=';
    });
    environment.push_back(fmt::format("{}={}", name, value));
}

std::string ImageConfig::json() const {
    Json config = config_rest_;
    const auto set_text = [](Json& object, const char* key, const std::string& value) {
        if (!value.empty())
            object[key] = value;
    };
    const auto set_texts = [&](const char* key, const std::vector<std::string>& values) {
        if (!values.empty())
            config[key] = values;
    };
    set_text(config, "User", user);
    set_texts("Env", environment);
    set_texts("Entrypoint", entrypoint);
    set_texts("Cmd", command);
    set_text(config, "WorkingDir", working_dir);
    set_text(config, "StopSignal", stop_signal);
    set_texts("OnBuild", on_build);
    set_texts("Shell", shell);
    if (!exposed_ports.empty())
        config["ExposedPorts"] = set_of(exposed_ports);
    if (!volumes.empty())
        config["Volumes"] = set_of(volumes);
    if (!labels.empty()) {
        Json set = Json::object();
        for (const auto& [name, value] : labels)
            set[name] = value;
        config["Labels"] = std::move(set);
    }
    if (healthcheck)
        config["Healthcheck"] = *healthcheck;
    Json top = rest_;
    set_text(top, "created", created);
    top["architecture"] = architecture;
    top["os"] = os;
    top["config"] = std::move(config);
    Json ids = Json::array();
    for (const Digest& id : diff_ids)
        ids.push_back(id.text());
    top["rootfs"] = {{"type", "layers"}, {"diff_ids", std::move(ids)}};
    top["history"] = history_json(history);
    return json_text(top);
}

std::string healthcheck_kind(const ImageConfig& config) {
    if (!config.healthcheck)
        return "";
    const auto test = get_texts(*config.healthcheck, "Test");
    return test && !test->empty() ? test->front() : "";
}

}  // namespace scone::oci
