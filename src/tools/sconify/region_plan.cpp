#include "tools/sconify/region_plan.h"

#include <fmt/format.h>

#include <algorithm>

namespace scone::sconify {
namespace {

using fspf::Backing;
using fspf::Protection;
using text::ExitCode;
using text::failure;
using text::Outcome;

constexpr std::string_view kEncrypted = "/fspf/encrypted-files";
constexpr std::string_view kAuthenticated = "/fspf/authenticated-files";
constexpr const char* kEphemeral[] = {"/tmp", "/var/tmp", "/run", "/dev/shm"};

std::string_view without_slash(std::string_view path) {
    return path.substr(1);
}

bool is_inside(std::string_view path, std::string_view folder) {
    return oci::is_within(without_slash(path), without_slash(folder));
}

std::string below(std::string_view root, std::string_view path) {
    return path == "/" ? std::string(root) : fmt::format("{}{}", root, path);
}

}  // namespace

Outcome<RegionPlan> RegionPlan::make(const NativeImage& image, const Program& program,
                                     const Options& options) {
    RegionPlan plan;
    const auto has = [&](std::string_view path) {
        return std::ranges::count(plan.regions_, path, &Region::path) > 0;
    };
    const auto add = [&](Region region) {
        if (!has(region.path))
            plan.regions_.push_back(std::move(region));
    };
    bool program_is_encrypted = false;
    for (const std::string& folder : options.encrypted_folders) {
        // Inside another --dir: that one holds it already.
        const bool nested = std::ranges::any_of(
            plan.regions_, [&](const Region& outer) { return is_inside(folder, outer.path); });
        if (nested)
            continue;
        add({folder, below(kEncrypted, folder), Backing::Kernel, Protection::Encrypted});
        program_is_encrypted |= is_inside(program.path, folder);
    }
    for (const std::string& path : options.host_paths) {
        if (is_inside(program.path, path))
            return failure(ExitCode::Usage,
                           fmt::format("--host-path={} would leave the program '{}' without "
                                       "protection",
                                       path, program.path));
        add({path, path, Backing::Kernel, Protection::None});
    }
    for (const char* path : kEphemeral)
        add({path, "", Backing::Ephemeral, Protection::Encrypted});
    for (const std::string& volume : image.config().volumes) {
        const auto path = oci::normal_path(volume);
        if (!path || path->empty() || has("/" + *path))
            continue;
        plan.forgetful_volumes_.push_back("/" + *path);
        add({"/" + *path, "", Backing::Ephemeral, Protection::Encrypted});
    }
    const std::string folder =
        "/" + std::string(oci::split_path(without_slash(program.path)).first);
    if (!program_is_encrypted)
        add({folder, below(kAuthenticated, folder), Backing::Kernel, Protection::Authenticated});
    add({"/", "/", Backing::Kernel, Protection::Authenticated});
    std::ranges::stable_sort(plan.regions_, std::ranges::greater(),
                             [](const Region& region) { return region.path.size(); });
    return plan;
}

const Region& RegionPlan::region_of(std::string_view path) const {
    for (const Region& region : regions_)
        if (oci::is_within(path, without_slash(region.path)))
            return region;
    return regions_.back();  // "/" holds every path, so the loop has returned
}

std::string RegionPlan::image_path(std::string_view path) const {
    const Region& region = region_of(path);
    if (region.kind == Backing::Ephemeral || region.protection == Protection::None)
        return std::string(path);
    const std::string_view rest = path.substr(std::min(path.size(), region.path.size() - 1));
    const std::string joined = fmt::format("{}/{}", region.backing, rest);
    return oci::normal_path(joined).value_or(std::string(path));
}

}  // namespace scone::sconify
