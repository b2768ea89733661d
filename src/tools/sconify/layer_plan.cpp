#include "tools/sconify/layer_plan.h"

#include <fmt/format.h>
#include <time.h>

#include <cstdio>

namespace scone::sconify {
namespace {

using fspf::Backing;
using fspf::Protection;
using oci::EntryKind;

struct BaseFolder {
    const char* path;
    uint32_t mode;
};
constexpr BaseFolder kBaseFolders[] = {{"dev", 0755},  {"dev/shm", 01777}, {"etc", 0755},
                                       {"proc", 0755}, {"run", 0755},      {"sys", 0755},
                                       {"tmp", 01777}, {"var", 0755},      {"var/tmp", 01777}};
constexpr std::string_view kPasswd =
    "root:x:0:0:root:/:/nonexistent\nnobody:x:65534:65534:nobody:/:/nonexistent\n";
constexpr std::string_view kGroup = "root:x:0:\nnogroup:x:65534:\n";

bool can_be_protected(EntryKind kind) {
    return kind == EntryKind::Regular || kind == EntryKind::Directory || kind == EntryKind::Symlink;
}

oci::Entry moved(oci::Entry entry, std::string path) {
    entry.path = std::move(path);
    return entry;
}

class Planner {
  public:
    Planner(const NativeImage& image, const Program& program, const RegionPlan& regions,
            const Options& options)
        : image_(image),
          program_(program),
          regions_(regions),
          options_(options),
          time_(seconds_of(image.config().created)) {}

    LayerPlan run(const FileSet& files) {
        for (const auto& [path, node] : files.nodes())
            add(*node);
        add_region_folders();
        if (options_.base == Base::Minimal)
            add_base();
        add_folder(image_.config().working_dir);
        add_missing_folders(plan_.clear, time_);
        add_missing_folders(plan_.protected_, time_);
        return std::move(plan_);
    }

  private:
    bool is_native() const { return options_.base == Base::Native; }

    void add(const Node& node) {
        const std::string& path = node.entry.path;
        const Region& region = regions_.region_of(path);
        if (region.kind == Backing::Ephemeral)
            return;  // empty at start
        if (region.protection != Protection::None && !can_be_protected(node.entry.kind)) {
            if (!is_native())
                plan_.warnings.push_back(
                    fmt::format("'/{}' is a device or pipe; it is left out", path));
            return;
        }
        PlannedFile file{.entry = node.entry, .node = &node};
        if (region.protection == Protection::None) {
            file.in_layer = !is_native();
            plan_.clear[path] = std::move(file);
            return;
        }
        const std::string place = regions_.image_path(path);
        file.seen_as = "/" + path;
        if (place == path) {
            file.in_layer = !is_native();
            plan_.clear[path] = std::move(file);
            return;
        }
        file.entry = moved(node.entry, place);
        plan_.protected_[place] = std::move(file);
        if (!is_native())
            add_trace(node);
    }

    // What of a moved file stays at its own place: its folder, empty; a link to the program.
    void add_trace(const Node& node) {
        const auto keep = [&] {
            plan_.clear[node.entry.path] = {.entry = node.entry, .node = &node};
        };
        if (node.is_folder()) {
            keep();
        } else if (node.entry.kind == EntryKind::Symlink) {
            const Node* real = image_.tree.resolve(node.entry.path);
            if (real != nullptr && "/" + real->entry.path == program_.path)
                keep();
        }
    }

    void add_region_folders() {
        for (const Region& region : regions_.regions()) {
            add_folder(region.path);
            if (region.keeps_files() && region.path != "/" && region.backing != region.path)
                if (const Node* node = image_.tree.find(region.path.substr(1)))
                    add(*node);
        }
    }

    // The folder as an empty one where nothing of it is planned.
    void add_folder(const std::string& absolute_path) {
        const auto path = oci::normal_path(absolute_path);
        if (!path || path->empty() || plan_.clear.contains(*path))
            return;
        const Node* node = image_.tree.resolve(*path);
        if (is_native() && node != nullptr)
            return;
        PlannedFile file{
            .entry = {.path = *path, .kind = EntryKind::Directory, .mode = 0755, .mtime = time_}};
        if (node != nullptr && !node->is_folder())
            return;  // a file given by --host-path
        if (node == nullptr && regions_.region_of(*path).protection == Protection::None)
            return;  // nobody knows whether a folder or a file will be there
        if (node != nullptr && node->entry.path == *path)
            file.entry = node->entry;
        plan_.clear[*path] = file;
        const Region& region = regions_.region_of(*path);
        // In the enclave: where a region starts, the outer region lists it by itself.
        if (region.keeps_files() && region.path != "/" + *path) {
            file.seen_as = "/" + *path;
            const std::string place = regions_.image_path(*path);
            if (place == *path) {
                plan_.clear[*path].seen_as = file.seen_as;
            } else {
                file.entry.path = place;
                plan_.protected_[place] = std::move(file);
            }
        }
    }

    void add_base() {
        for (const BaseFolder& folder : kBaseFolders)
            if (!plan_.clear.contains(folder.path) || folder.mode == 01777)
                plan_.clear[folder.path].entry = {.path = folder.path,
                                                  .kind = EntryKind::Directory,
                                                  .mode = folder.mode,
                                                  .mtime = time_};
        add_made("etc/passwd", kPasswd);
        add_made("etc/group", kGroup);
    }

    void add_made(const std::string& path, std::string_view content) {
        const std::string place = regions_.image_path(path);
        const Region& region = regions_.region_of(path);
        Planned& planned = place == path ? plan_.clear : plan_.protected_;
        if (image_.tree.find(path) != nullptr || planned.contains(place) || !region.keeps_files())
            return;
        planned[place] = {.entry = {.path = place, .mode = 0644, .mtime = time_},
                          .made = std::string(content),
                          .seen_as = "/" + path};
    }

    const NativeImage& image_;
    const Program& program_;
    const RegionPlan& regions_;
    const Options& options_;
    int64_t time_;
    LayerPlan plan_;
};

}  // namespace

LayerPlan plan_layers(const NativeImage& image, const Program& program, const FileSet& files,
                      const RegionPlan& regions, const Options& options) {
    return Planner(image, program, regions, options).run(files);
}

void add_missing_folders(Planned& files, int64_t time) {
    std::vector<std::string> missing;
    for (const auto& [path, file] : files)
        for (std::string_view above = oci::split_path(path).first; !above.empty();
             above = oci::split_path(above).first)
            if (!files.contains(std::string(above)))
                missing.emplace_back(above);
    for (const std::string& path : missing)
        files[path].entry = {
            .path = path, .kind = EntryKind::Directory, .mode = 0755, .mtime = time};
}

int64_t seconds_of(std::string_view rfc3339) {
    tm parts{};
    if (std::sscanf(std::string(rfc3339).c_str(), "%4d-%2d-%2dT%2d:%2d:%2d", &parts.tm_year,
                    &parts.tm_mon, &parts.tm_mday, &parts.tm_hour, &parts.tm_min,
                    &parts.tm_sec) != 6)
        return 0;
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    return timegm(&parts);
}

}  // namespace scone::sconify
