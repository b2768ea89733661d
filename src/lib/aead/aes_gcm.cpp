#include "lib/aead/aes_gcm.h"

namespace scone::aead {

void gcm_set_key(const AesGcm256& cipher, const GcmKey& key, GcmKeyContext& context) {
    cipher.expand_key(key.expose().data(), context);
}

base::Result<GcmTag, Error> gcm_seal(const AesGcm256& cipher, const GcmKeyContext& context,
                                     const Nonce& nonce, base::Bytes aad, base::Bytes plain,
                                     base::MutableBytes cipher_text) {
    if (plain.size() > kGcmMaxSize || cipher_text.size() < plain.size())
        return base::fail(Error{ErrorCode::TooLarge, "message does not fit", plain.size()});
    GcmTag tag{};
    cipher.encrypt(context,
                   {.nonce = nonce.bytes.data(),
                    .aad = aad.data(),
                    .aad_size = aad.size(),
                    .in = plain.data(),
                    .out = cipher_text.data(),
                    .size = plain.size()},
                   tag.data());
    return tag;
}

base::Result<void, Error> gcm_open(const AesGcm256& cipher, const GcmKeyContext& context,
                                   const Nonce& nonce, base::Bytes aad, base::Bytes cipher_text,
                                   std::span<const uint8_t, kGcmTagSize> tag,
                                   base::MutableBytes plain) {
    if (cipher_text.size() > kGcmMaxSize || plain.size() < cipher_text.size())
        return base::fail(Error{ErrorCode::TooLarge, "message does not fit", cipher_text.size()});
    GcmTag computed{};
    cipher.decrypt(context,
                   {.nonce = nonce.bytes.data(),
                    .aad = aad.data(),
                    .aad_size = aad.size(),
                    .in = cipher_text.data(),
                    .out = plain.data(),
                    .size = cipher_text.size()},
                   computed.data());
    if (!base::equal_in_constant_time(computed, tag)) {
        base::wipe(plain.data(), cipher_text.size());
        return base::fail(Error{ErrorCode::TagMismatch, "authentication tag does not match", 0});
    }
    return {};
}

}  // namespace scone::aead
