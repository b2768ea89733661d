// Which exit code an error of the operating system gives.
//
// Side: hosted
#pragma once

#include <cerrno>

#include "lib/text/exit_code.h"

namespace scone::text {

inline ExitCode exit_code_of_errno(int error) {
    switch (error) {
        case ENOENT:
            return ExitCode::NotFound;
        case EEXIST:
            return ExitCode::Conflict;
        case EACCES:
        case EPERM:
        case EROFS:
            return ExitCode::Denied;
        default:
            return ExitCode::Failed;
    }
}

}  // namespace scone::text
