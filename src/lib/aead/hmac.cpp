#include "lib/aead/hmac.h"

#include "lib/base/secret.h"

namespace scone::aead {

HmacSha256::HmacSha256(base::Bytes key, Sha256Compress compress)
    : inner_(compress), outer_(compress) {
    uint8_t block[kSha256BlockSize] = {};
    if (key.size() > kSha256BlockSize) {
        Digest short_key = sha256(key, compress);
        base::copy_bytes(block, short_key);
        base::wipe(short_key.data(), short_key.size());
    } else if (!key.empty()) {
        base::copy_bytes(block, key);
    }
    for (uint8_t& byte : block)
        byte ^= 0x36;
    inner_.update(block);
    for (uint8_t& byte : block)
        byte ^= 0x36 ^ 0x5C;
    outer_.update(block);
    base::wipe(block, sizeof block);
}

HmacSha256::~HmacSha256() {
    base::wipe(&inner_, sizeof inner_);
    base::wipe(&outer_, sizeof outer_);
}

Digest HmacSha256::finish() {
    Digest inner = inner_.finish();
    outer_.update(inner);
    return outer_.finish();
}

Digest hmac_sha256(base::Bytes key, base::Bytes message) {
    HmacSha256 mac(key);
    mac.update(message);
    return mac.finish();
}

base::Result<void, Error> hkdf_sha256(base::Bytes salt, base::Bytes secret, base::Bytes info,
                                      base::MutableBytes out) {
    if (out.size() > 255 * kSha256Size)
        return base::fail(
            Error{ErrorCode::TooLarge, "at most 8160 bytes can be derived", out.size()});
    // RFC 5869, 2.2: an absent salt is a string of zeros, which HMAC pads to the same block.
    Digest pseudo_random_key = hmac_sha256(salt, secret);
    Digest block{};
    size_t block_size = 0;
    for (uint8_t counter = 1; !out.empty(); ++counter) {
        HmacSha256 mac(pseudo_random_key);
        mac.update({block.data(), block_size});
        mac.update(info);
        mac.update({&counter, 1});
        block = mac.finish();
        block_size = block.size();
        size_t take = out.size() < block_size ? out.size() : block_size;
        base::copy_bytes(out.first(take), block);
        out = out.subspan(take);
    }
    base::wipe(block.data(), block.size());
    base::wipe(pseudo_random_key.data(), pseudo_random_key.size());
    return {};
}

}  // namespace scone::aead
