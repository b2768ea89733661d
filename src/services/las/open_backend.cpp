#include "services/las/dcap_backend.h"
#include "services/las/simulated_backend.h"

namespace scone::las {

text::Outcome<std::unique_ptr<QuotingBackend>> open_backend(QuoteMode mode,
                                                            const std::string& state_folder) {
    bool use_hardware = mode == QuoteMode::Hardware ||
                        (mode == QuoteMode::Auto && sgx_device_is_present(HardwarePaths{}));
    if (use_hardware)
        return open_dcap_backend(HardwarePaths{});
    return open_simulated_backend(state_folder);
}

}  // namespace scone::las
