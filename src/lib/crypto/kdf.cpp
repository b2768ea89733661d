#include "lib/crypto/kdf.h"

#include <openssl/hmac.h>

#include <algorithm>
#include <vector>

#include "lib/base/checked.h"
#include "lib/base/secret.h"

namespace scone::crypto {
namespace {

template <size_t N>
Result<ByteArray<N>> hmac(const EVP_MD* algorithm, Bytes key, Bytes message) {
    auto key_size = base::checked_cast<int>(key.size());
    if (!key_size)
        return error(ErrorCode::TooLarge, "the key of a MAC is too large", key.size());
    static constexpr uint8_t kNoKey[1] = {};  // a null pointer would mean "keep the last key"
    ByteArray<N> out;
    unsigned size = 0;
    if (HMAC(algorithm, key.empty() ? kNoKey : key.data(), *key_size, message.data(),
             message.size(), out.data(), &size) == nullptr ||
        size != N)
        return error(ErrorCode::Library, "cannot compute a message authentication code");
    return out;
}

}  // namespace

Result<ByteArray<32>> hmac_sha256(Bytes key, Bytes message) {
    return hmac<32>(EVP_sha256(), key, message);
}
Result<ByteArray<20>> hmac_sha1(Bytes key, Bytes message) {
    return hmac<20>(EVP_sha1(), key, message);
}

Result<void> hkdf_sha256(Bytes key, Bytes salt, Bytes info, base::MutableBytes out) {
    if (out.size() > size_t{255} * 32)
        return error(ErrorCode::TooLarge, "HKDF gives at most 8160 bytes", out.size());
    // RFC 5869, 2.2: extract
    ByteArray<32> pseudorandom_key = SCONE_TRY(hmac_sha256(salt, key));
    // RFC 5869, 2.3: expand, T(n) = HMAC(PRK, T(n-1) || info || n)
    std::vector<uint8_t> input;
    ByteArray<32> block;
    uint8_t counter = 0;
    for (size_t done = 0; done < out.size();) {
        if (counter == 0)
            input.clear();
        else
            input.assign(block.begin(), block.end());
        input.insert(input.end(), info.begin(), info.end());
        input.push_back(++counter);
        block = SCONE_TRY(hmac_sha256(pseudorandom_key, input));
        size_t part = std::min(out.size() - done, block.size());
        std::copy_n(block.begin(), part, out.begin() + static_cast<ptrdiff_t>(done));
        done += part;
        base::wipe(input.data(), input.size());
    }
    base::wipe(pseudorandom_key.data(), pseudorandom_key.size());
    base::wipe(block.data(), block.size());
    return {};
}

}  // namespace scone::crypto
