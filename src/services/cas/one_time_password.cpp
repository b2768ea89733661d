#include "services/cas/one_time_password.h"

#include <cstdio>

#include "lib/base/endian.h"
#include "lib/base/secret.h"
#include "lib/crypto/kdf.h"
#include "lib/text/base64.h"

namespace scone::cas {
namespace {

constexpr int64_t kStepSeconds = 30;
constexpr size_t kDigits = 6;
constexpr size_t kMinSecretSize = 16;

}  // namespace

std::string otp_code(base::Bytes secret, uint64_t step) {
    uint8_t counter[8];
    base::store_be64(counter, step);
    auto mac = crypto::hmac_sha1(secret, counter);
    if (!mac)
        return {};
    // RFC 4226, 5.3: dynamic truncation.
    size_t offset = (*mac)[19] & 0x0f;
    uint32_t number = (base::load_be32(mac->data() + offset) & 0x7fffffff) % 1'000'000;
    char digits[16];
    std::snprintf(digits, sizeof digits, "%06u", number);
    return digits;
}

OtpVerdict OneTimePasswords::check(const std::string& user, std::string_view secret,
                                   std::string_view code, int64_t now) {
    auto key = text::from_base32(secret);
    if (!key || key->size() < kMinSecretSize)
        return OtpVerdict::BadSecret;
    if (code.size() != kDigits)
        return OtpVerdict::Wrong;
    int64_t step = now / kStepSeconds;
    std::lock_guard lock(mutex_);
    for (int64_t candidate = step - 1; candidate <= step + 1; ++candidate) {
        std::string expected = otp_code(*key, static_cast<uint64_t>(candidate));
        if (!base::equal_in_constant_time(base::as_bytes(expected), base::as_bytes(code)))
            continue;
        auto [place, is_new] = last_step_.try_emplace(user, candidate);
        if (!is_new && place->second >= candidate)
            return OtpVerdict::AlreadyUsed;
        place->second = candidate;
        return OtpVerdict::Accepted;
    }
    return OtpVerdict::Wrong;
}

}  // namespace scone::cas
