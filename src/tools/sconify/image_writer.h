// Writes the layers of the converted image and builds the fspf while the contents stream by.
//
// Side:   host
// Errors: Failed, InvalidInput (a name that no fspf can hold), those of the image builder
#pragma once

#include <string>

#include "tools/oci/image_builder.h"
#include "tools/sconify/layer_plan.h"

namespace scone::sconify {

struct SealedImage {
    std::string fspf_key = {}, fspf_tag = {};  // 64 and 32 hex digits
    uint64_t encrypted_files = 0, authenticated_files = 0;
};

// Adds the base's layers and the new ones to the builder.
text::Outcome<SealedImage> write_layers(const NativeImage& image, const Program& program,
                                        const LayerPlan& plan, const RegionPlan& regions,
                                        const RuntimeFiles& runtime, const EnclaveFiles& enclave,
                                        const Options& options, oci::ImageBuilder& builder);

}  // namespace scone::sconify
