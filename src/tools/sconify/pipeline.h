// The steps of a conversion, in order.
//
// Side:   host
// Errors: those of the steps; `doing` names the step ("step 1 of 9, reading the native image").
//         Whatever fails, nothing half-written stays: the image appears at its place in the last
//         step.
#pragma once

#include "tools/sconify/options.h"

namespace scone::sconify {

// "NAMESPACE/SESSION"
text::Outcome<std::string> convert(const Options& options);

}  // namespace scone::sconify
