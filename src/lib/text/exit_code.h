// The one table of exit codes of every program of this product. The manual's table is made from it.
//
// Side: hosted
#pragma once

#include <array>

namespace scone::text {

enum class ExitCode : int {
    Success = 0,
    Failed = 1,
    Usage = 2,
    InvalidInput = 3,
    NotFound = 4,
    Unreachable = 5,
    Untrusted = 6,
    Denied = 7,
    Integrity = 8,
    Conflict = 9,
    Unsupported = 10,
    RuntimeFatal = 134,
};

struct ExitCodeRow {
    ExitCode code;
    const char* name;
    const char* meaning;
};

inline constexpr std::array kExitCodes{
    ExitCodeRow{ExitCode::Success, "success", "the command did what was asked"},
    ExitCodeRow{ExitCode::Failed, "failed",
                "the operation failed for a reason that the message names"},
    ExitCodeRow{ExitCode::Usage, "usage", "unknown option, missing or malformed argument"},
    ExitCodeRow{ExitCode::InvalidInput, "invalid-input",
                "a file or policy that was read is malformed"},
    ExitCodeRow{ExitCode::NotFound, "not-found",
                "an image, file, session or service does not exist"},
    ExitCodeRow{ExitCode::Unreachable, "unreachable",
                "CAS, LAS, daemon or registry did not answer"},
    ExitCodeRow{ExitCode::Untrusted, "untrusted", "attestation or a certificate was refused"},
    ExitCodeRow{ExitCode::Denied, "denied", "the identity has no permission for this"},
    ExitCodeRow{ExitCode::Integrity, "integrity",
                "protected data was changed, swapped or replayed"},
    ExitCodeRow{ExitCode::Conflict, "conflict", "it exists already, or changed in the meantime"},
    ExitCodeRow{ExitCode::Unsupported, "unsupported", "valid, but not supported here"},
    ExitCodeRow{ExitCode::RuntimeFatal, "runtime-fatal",
                "the runtime refused to start or stopped the program (as SCONE's SIGABRT)"},
};

}  // namespace scone::text
