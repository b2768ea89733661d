#include "lib/policy/session.h"

#include <algorithm>

namespace scone::policy {
namespace {

template <class Rule>
const Rule* find_named(const std::vector<Rule>& rules, std::string_view name) {
    auto found = std::ranges::find_if(rules, [&](const Rule& rule) { return rule.name == name; });
    return found == rules.end() ? nullptr : &*found;
}

}  // namespace

const ServiceRule* Session::find_service(std::string_view service_name) const {
    return find_named(services, service_name);
}
const SecretRule* Session::find_secret(std::string_view secret_name) const {
    return find_named(secrets, secret_name);
}
const VolumeRule* Session::find_volume(std::string_view volume_name) const {
    return find_named(volumes, volume_name);
}
const ImageRule* Session::find_image(std::string_view image_name) const {
    return find_named(images, image_name);
}

bool Security::tolerates(Tolerance tolerance) const {
    return std::ranges::find(tolerate, tolerance) != tolerate.end();
}

std::string_view parent_of(std::string_view session_name) {
    if (session_name == "/")
        return {};
    size_t slash = session_name.rfind('/');
    return slash == std::string_view::npos ? std::string_view("/") : session_name.substr(0, slash);
}

}  // namespace scone::policy
