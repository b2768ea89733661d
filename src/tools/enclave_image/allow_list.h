// The instructions that may stay in the image although an enclave cannot execute them as they are.
//
// Side:   host
// Layout: text, one per line: KIND FUNCTION REASON, with KIND one of syscall, cpuid, enclu; `#`
//         starts a comment line. `enclu` means one outside the slots, or its bytes inside others.
// Errors: InvalidInput with the line number: unknown kind, missing reason
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/text/failure.h"

namespace scone::enclave_image {

struct Allowed {
    std::string kind;
    std::string function;
    std::string reason;
    bool used = false;
};

class AllowList {
  public:
    static text::Outcome<AllowList> parse(std::string_view text);

    // The reason why this may stay, and notes its use; nullptr: it may not.
    const Allowed* find(std::string_view kind, std::string_view function);
    const std::vector<Allowed>& entries() const { return entries_; }

  private:
    std::vector<Allowed> entries_;
};

}  // namespace scone::enclave_image
