// Everything that the new layers of the converted image hold, decided before anything is written.
//
// Side:   host
// Source: docs/formats/output-image.md
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tools/sconify/enclave_files.h"
#include "tools/sconify/region_plan.h"

namespace scone::sconify {

struct PlannedFile {
    oci::Entry entry;            // path and attributes in the image
    const Node* node = nullptr;  // where the content comes from; null for what is made here
    std::string made = {};       // content of a made file
    std::string seen_as = {};    // absolute path in the enclave; empty: not in the fspf
    bool in_layer = true;        // false: it is in a layer of the native image already
};

using Planned = std::map<std::string, PlannedFile>;  // by path in the image

struct LayerPlan {
    Planned clear;       // in clear, at their own paths
    Planned protected_;  // below /fspf: cipher text, and the program's folder
    std::vector<std::string> warnings;
};

LayerPlan plan_layers(const NativeImage& image, const Program& program, const FileSet& files,
                      const RegionPlan& regions, const Options& options);

// Folders on the way to every file, where the plan has none.
void add_missing_folders(Planned& files, int64_t time);

// Seconds since 1970 of an RFC 3339 time; 0 when it is none.
int64_t seconds_of(std::string_view rfc3339);

}  // namespace scone::sconify
