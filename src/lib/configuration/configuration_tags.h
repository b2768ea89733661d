// Field tags of the Configuration message: one definition for its writer, its full reader
// (lib/channel) and the view below the C library (configuration_view.h).
//
// Side:   both
// Source: docs/formats/enclave-protocol.md, section 4
#pragma once

#include <cstdint>

namespace scone::configuration {

namespace tag {
inline constexpr uint16_t kArgument = 1, kVariable = 2, kDirectory = 3, kRoot = 4, kVolume = 5,
                          kFile = 6, kSecret = 7, kSetting = 8, kSessionHash = 9;
}
// Of the records: name and value first, then what each has of its own.
namespace part {
inline constexpr uint16_t kName = 1, kValue = 2, kMode = 3, kKind = 3, kPrivateKey = 4, kChain = 5,
                          kMountPath = 2, kTree = 3;
}
namespace tree_part {
inline constexpr uint16_t kPath = 1, kKey = 2, kTag = 3, kRollback = 4;
}

}  // namespace scone::configuration
