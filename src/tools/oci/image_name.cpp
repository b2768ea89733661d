#include "tools/oci/image_name.h"

#include <fmt/format.h>

namespace scone::oci {
namespace {

using text::ExitCode;
using text::failure;
using text::Outcome;

constexpr std::string_view kReferenceCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@[]";

Outcome<std::string> check_reference(std::string_view reference, std::string_view given) {
    if (reference.empty() || reference.size() > 512 || reference.starts_with('-') ||
        reference.find_first_not_of(kReferenceCharacters) != std::string_view::npos)
        return failure(
            ExitCode::Usage, fmt::format("'{}' is not an image name", given), {},
            "repo/app:1, docker-archive:app.tar, oci:folder or docker://host/repo/app:1");
    return std::string(reference);
}

}  // namespace

std::string ImageName::repository() const {
    std::string_view name = reference;
    if (transport == Transport::OciLayout ||
        (transport == Transport::DockerArchive && name.empty())) {
        name = path;
        while (name.ends_with('/'))
            name.remove_suffix(1);
        if (const size_t slash = name.rfind('/'); slash != std::string_view::npos)
            name.remove_prefix(slash + 1);
        return std::string(name);
    }
    if (const size_t at = name.find('@'); at != std::string_view::npos)
        name = name.substr(0, at);
    const size_t colon = name.rfind(':');
    if (colon != std::string_view::npos && name.find('/', colon) == std::string_view::npos)
        name = name.substr(0, colon);
    return std::string(name);
}

std::string with_tag(std::string_view reference) {
    const size_t slash = reference.rfind('/');
    const std::string_view last =
        slash == std::string_view::npos ? reference : reference.substr(slash);
    return last.find_first_of(":@") == std::string_view::npos ? fmt::format("{}:latest", reference)
                                                              : std::string(reference);
}

Outcome<ImageName> parse_image_name(std::string_view text) {
    ImageName name;
    name.given = text;
    const auto after = [&](std::string_view prefix) -> std::optional<std::string_view> {
        return text.starts_with(prefix) ? std::optional(text.substr(prefix.size())) : std::nullopt;
    };
    if (const auto rest = after("oci:"); rest && !rest->starts_with("//")) {
        name.transport = Transport::OciLayout;
        const size_t colon = rest->find(':');
        name.path = rest->substr(0, colon);
        if (colon != std::string_view::npos)
            name.reference = SCONE_TRY(check_reference(rest->substr(colon + 1), text));
    } else if (const auto archive = after("docker-archive:")) {
        name.transport = Transport::DockerArchive;
        const size_t colon = archive->find(':');
        name.path = archive->substr(0, colon);
        if (colon != std::string_view::npos)
            name.reference = SCONE_TRY(check_reference(archive->substr(colon + 1), text));
    } else if (const auto registry = after("docker://")) {
        name.transport = Transport::Registry;
        name.reference = SCONE_TRY(check_reference(*registry, text));
    } else if (const auto other = text.find(':');
               other != std::string_view::npos &&
               (text.starts_with("oci-archive:") || text.starts_with("dir:") ||
                text.starts_with("containers-storage:") || text.starts_with("docker-tarfile:"))) {
        return failure(ExitCode::Unsupported,
                       fmt::format("transport '{}' is not supported", text.substr(0, other)), {},
                       "skopeo copy it to oci:FOLDER first");
    } else {
        const auto daemon = after("docker-daemon:");
        name.reference = with_tag(SCONE_TRY(check_reference(daemon.value_or(text), text)));
    }
    if ((name.transport == Transport::OciLayout || name.transport == Transport::DockerArchive) &&
        name.path.empty())
        return failure(ExitCode::Usage, fmt::format("'{}' names no file or folder", text));
    return name;
}

}  // namespace scone::oci
