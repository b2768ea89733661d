#include "lib/fspf/block.h"

namespace scone::fspf {

BlockEntry seal_block(const aead::AesGcm256& cipher, const aead::GcmKeyContext& key,
                      Protection protection, const Nonce& nonce, base::Bytes plain,
                      base::MutableBytes out) {
    BlockEntry entry;
    entry.nonce = nonce;
    // gcm_seal refuses only sizes far above a block.
    entry.tag = protection == Protection::Encrypted
                    ? SCONE_MUST(aead::gcm_seal(cipher, key, nonce, {}, plain, out))
                    : SCONE_MUST(aead::gcm_seal(cipher, key, nonce, plain, {}, {}));
    return entry;
}

Result<void> open_block(const aead::AesGcm256& cipher, const aead::GcmKeyContext& key,
                        Protection protection, const BlockEntry& entry, base::MutableBytes data) {
    if (protection == Protection::Encrypted) {
        if (!aead::gcm_open(cipher, key, entry.nonce, {}, data, entry.tag, data))
            return fail(ErrorCode::Corrupt, "block does not verify");
        return {};
    }
    if (!aead::gcm_open(cipher, key, entry.nonce, data, {}, entry.tag, {})) {
        base::fill_bytes(data, 0);
        return fail(ErrorCode::Corrupt, "block does not verify");
    }
    return {};
}

}  // namespace scone::fspf
