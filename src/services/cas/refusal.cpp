#include "services/cas/refusal.h"

namespace scone::cas {

using text::ExitCode;

int status_of(ExitCode code) {
    switch (code) {
        case ExitCode::InvalidInput:
        case ExitCode::Usage:
            return 400;
        case ExitCode::Denied:
            return 403;
        case ExitCode::NotFound:
            return 404;
        case ExitCode::Conflict:
            return 409;
        case ExitCode::Unsupported:
            return 501;
        default:
            return 500;
    }
}

std::unexpected<Refusal> refuse(const std::string& general, const text::Failure& reason) {
    std::vector<std::string> messages{general, reason.what};
    if (!reason.doing.empty())
        messages.push_back("while " + reason.doing);
    return refuse(status_of(reason.exit_code), std::move(messages));
}

}  // namespace scone::cas
