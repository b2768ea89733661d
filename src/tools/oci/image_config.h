// An image's configuration, in Docker's form and OCI's (the same JSON but for HEALTHCHECK and a few
// keys of Docker's, all of which are kept as they are).
//
// Side:    host
// Errors:  InvalidInput (not JSON, wrong types, layers without their diff_ids)
// Source:  OCI image specification, "Image Configuration"; Docker image specification v1.2
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tools/oci/digest.h"
#include "tools/oci/json.h"

namespace scone::oci {

inline constexpr size_t kMaxConfigSize = 8 << 20;

struct HistoryEntry {
    std::string created;  // RFC 3339; may be empty
    std::string created_by;
    std::string comment;
    bool empty_layer = false;
};

class ImageConfig {
  public:
    static text::Outcome<ImageConfig> parse(std::string_view json);
    // A configuration for this machine with nothing in it.
    static ImageConfig empty();

    std::string architecture, os;
    std::string user, working_dir, stop_signal;
    std::vector<std::string> entrypoint, command, environment;  // environment: "NAME=value"
    std::vector<std::pair<std::string, std::string>> labels;
    std::vector<std::string> exposed_ports, volumes;  // "443/tcp", "/data"
    std::vector<std::string> on_build, shell;
    std::optional<Json> healthcheck;  // as Docker writes it: Test, Interval, ...
    std::string created;
    std::vector<HistoryEntry> history;
    std::vector<Digest> diff_ids;

    std::optional<std::string> variable(std::string_view name) const;
    // Replaces or appends.
    void set_variable(std::string_view name, std::string_view value);

    // The JSON with the members above in it. Keys that are not named above are kept, except those
    // that repeat the configuration of a build ("container_config", "container", "Image", ...),
    // which could carry what was taken out.
    std::string json() const;

  private:
    Json rest_ = Json::object();         // unknown keys at the top
    Json config_rest_ = Json::object();  // unknown keys under "config"
};

// Test[0] of a HEALTHCHECK: "CMD", "CMD-SHELL" or "NONE"; empty when there is none.
std::string healthcheck_kind(const ImageConfig& config);

}  // namespace scone::oci
