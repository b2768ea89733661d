// Templates of the service's own tree: the secrets that CAS sent for them, and putting these in.
//
// Side:    hosted; linked only into the enclave (and into its test)
// Errors:  an ErrorChain, ready for print_error_chain
// Threads: as std::map; fill() does not change the object
// Source:  docs/reference/session-language.md, "Substitution"
#pragma once

#include <map>
#include <string>

#include "lib/channel/messages.h"
#include "lib/policy/variables.h"

namespace scone::provisioning {

class Templates {
  public:
    // Malformed values are errors: CAS sends what it renders itself.
    static base::Result<Templates, channel::ErrorChain> from(
        std::vector<channel::ProvidedSecret> secrets);

    // The content with each placeholder replaced. `path` is for the error.
    base::Result<crypto::SecretBytes, channel::ErrorChain> fill(const std::string& path,
                                                                std::string_view content) const;

  private:
    std::map<std::string, policy::SecretValue, std::less<>> secrets_;
};

}  // namespace scone::provisioning
