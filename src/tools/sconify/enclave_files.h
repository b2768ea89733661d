// What stands in /opt/scone of a converted image: starter, enclave image, settings, SIGSTRUCT.
//
// Side:   host
// Errors: NotFound (the runtime is not installed), InvalidInput (it is not what it should be)
// Source: docs/formats/output-image.md, docs/formats/settings-page.md
#pragma once

#include <string>
#include <vector>

#include "lib/sgx/settings_page.h"
#include "tools/sconify/program.h"

namespace scone::sconify {

struct RuntimeFiles {
    std::vector<uint8_t> starter, enclave_image;
};
// From $SCONE_RUNTIME_DIR, else ../lib/scone beside the tool's folder, else the build tree that the
// tool stands in.
text::Outcome<RuntimeFiles> find_runtime();

struct EnclaveFiles {
    std::vector<uint8_t> settings, sigstruct, plans;
    std::string mrenclave;  // 64 hex digits
};
text::Outcome<EnclaveFiles> make_enclave_files(const RuntimeFiles& runtime,
                                               const NativeImage& image, const Program& program,
                                               const Options& options);

}  // namespace scone::sconify
