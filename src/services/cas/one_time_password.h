// Time-based one-time passwords (RFC 6238): 6 digits, steps of 30 seconds, SHA-1.
//
// Side:    host
// Note:    the step before and the one after count too, for clocks that differ. A code counts once;
//          what was used is remembered in memory, for as long as it could be used again.
// Threads: safe
// Source:  RFC 6238, RFC 4226
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "lib/base/bytes.h"

namespace scone::cas {

enum class OtpVerdict : uint8_t { Accepted, Wrong, AlreadyUsed, BadSecret };

class OneTimePasswords {
  public:
    // `user`: whose codes these are (a service's id). `secret`: base32. `now`: seconds since 1970.
    OtpVerdict check(const std::string& user, std::string_view secret, std::string_view code,
                     int64_t now);

  private:
    std::mutex mutex_;
    std::map<std::string, int64_t> last_step_;  // newest step whose code was used
};

// The code of a step; empty when OpenSSL fails.
std::string otp_code(base::Bytes secret, uint64_t step);

}  // namespace scone::cas
