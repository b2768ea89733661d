// Why CAS does not do what a client asks: an HTTP status and texts, the most general first.
//
// Side:   host
// Source: docs/formats/cas-api.md, "Errors"
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/text/failure.h"

namespace scone::cas {

struct Refusal {
    int status = 500;
    std::vector<std::string> messages;
};

template <class T>
using Answer = std::expected<T, Refusal>;

inline std::unexpected<Refusal> refuse(int status, std::vector<std::string> messages) {
    return std::unexpected(Refusal{status, std::move(messages)});
}

int status_of(text::ExitCode code);
// `general` says what was asked for. A Failure of CAS itself becomes 500.
std::unexpected<Refusal> refuse(const std::string& general, const text::Failure& reason);

}  // namespace scone::cas
