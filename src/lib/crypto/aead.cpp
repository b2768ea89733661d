#include "lib/crypto/aead.h"

#include "lib/base/checked.h"
#include "lib/crypto/openssl_handle.h"
#include "lib/crypto/random.h"

namespace scone::crypto {
namespace {

constexpr auto kLibraryError = Error{ErrorCode::Library, "AES-256-GCM failed"};

}  // namespace

Result<std::vector<uint8_t>> seal(const AeadKey& key, Bytes plaintext, Bytes associated_data) {
    auto plain_size = base::checked_cast<int>(plaintext.size());
    auto data_size = base::checked_cast<int>(associated_data.size());
    if (!plain_size || !data_size)
        return error(ErrorCode::TooLarge, "message is too large to seal", plaintext.size());
    std::vector<uint8_t> out(plaintext.size() + kAeadOverhead);
    SCONE_TRY(fill_random({out.data(), kAeadNonceSize}));
    CipherContext context(EVP_CIPHER_CTX_new());
    EVP_CIPHER_CTX* c = context.get();
    uint8_t* body = out.data() + kAeadNonceSize;
    int size = 0;
    bool done =
        c &&
        EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), nullptr, key.expose().data(), out.data()) == 1 &&
        EVP_EncryptUpdate(c, nullptr, &size, associated_data.data(), *data_size) == 1 &&
        EVP_EncryptUpdate(c, body, &size, plaintext.data(), *plain_size) == 1 &&
        size == *plain_size && EVP_EncryptFinal_ex(c, body + size, &size) == 1 && size == 0 &&
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, kAeadTagSize, body + *plain_size) == 1;
    if (!done)
        return base::fail(kLibraryError);
    return out;
}

Result<SecretBytes> open(const AeadKey& key, Bytes sealed, Bytes associated_data) {
    if (sealed.size() < kAeadOverhead)
        return error(ErrorCode::Malformed, "sealed message is too short", sealed.size());
    auto body_size = base::checked_cast<int>(sealed.size() - kAeadOverhead);
    auto data_size = base::checked_cast<int>(associated_data.size());
    if (!body_size || !data_size)
        return error(ErrorCode::TooLarge, "sealed message is too large", sealed.size());
    ByteArray<kAeadTagSize> tag;
    base::copy_bytes(tag, sealed.last(kAeadTagSize));
    Bytes body = sealed.subspan(kAeadNonceSize, static_cast<size_t>(*body_size));
    // One byte more: an empty vector has no address, and OpenSSL takes null for associated data.
    SecretBytes out(body.size() + 1);
    CipherContext context(EVP_CIPHER_CTX_new());
    EVP_CIPHER_CTX* c = context.get();
    uint8_t* plain = out.expose_mutable().data();
    int size = 0;
    bool started = c &&
                   EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), nullptr, key.expose().data(),
                                      sealed.data()) == 1 &&
                   EVP_DecryptUpdate(c, nullptr, &size, associated_data.data(), *data_size) == 1 &&
                   EVP_DecryptUpdate(c, plain, &size, body.data(), *body_size) == 1 &&
                   size == *body_size &&
                   EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, kAeadTagSize, tag.data()) == 1;
    if (!started)
        return base::fail(kLibraryError);
    if (EVP_DecryptFinal_ex(c, plain + size, &size) != 1)
        return error(ErrorCode::BadTag, "sealed message was changed, or the key is another");
    return SecretBytes(out.expose().first(body.size()));
}

}  // namespace scone::crypto
