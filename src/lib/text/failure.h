// What services and tools report: what went wrong, while doing what, what to do next.
//
// Side:   hosted
// Source: docs/reference/exit-codes.md; the shape of the three lines is in lib/text/error_text
#pragma once

#include <expected>
#include <string>
#include <utility>

#include "lib/text/exit_code.h"

namespace scone::text {

struct Failure {
    ExitCode exit_code = ExitCode::Failed;
    std::string what;   // lower case, no full stop; expected and got
    std::string doing;  // "reading the native image"; may be empty
    std::string next;   // "docker pull repo/app:1"; may be empty
};

template <class T>
using Outcome = std::expected<T, Failure>;

inline std::unexpected<Failure> failure(ExitCode code, std::string what, std::string doing = {},
                                        std::string next = {}) {
    return std::unexpected(Failure{code, std::move(what), std::move(doing), std::move(next)});
}

}  // namespace scone::text
