#include "lib/crypto/key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

namespace scone::crypto {
namespace {

int refuse_password(char*, int, int, void*) {
    return 0;
}

BioHandle read_from(std::string_view text) {
    return BioHandle(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string_view written_to(const BioHandle& bio) {
    char* data = nullptr;
    long size = BIO_get_mem_data(bio.get(), &data);
    return {data, size > 0 ? static_cast<size_t>(size) : 0};
}

// A memory BIO on the secure heap's rules: its buffer is wiped when freed.
BioHandle new_secret_bio() {
    return BioHandle(BIO_new(BIO_s_secmem()));
}

Result<KeyType> type_of(EVP_PKEY* key) {
    switch (EVP_PKEY_get_base_id(key)) {
        case EVP_PKEY_EC: {
            char group[32] = {};
            size_t size = 0;
            if (EVP_PKEY_get_group_name(key, group, sizeof group, &size) != 1)
                return error(ErrorCode::Unsupported, "EC key with explicit parameters");
            std::string_view name(group, size);
            if (name == "prime256v1" || name == "P-256")
                return KeyType::P256;
            if (name == "secp384r1" || name == "P-384")
                return KeyType::P384;
            return error(ErrorCode::Unsupported, "EC curve other than P-256 and P-384");
        }
        case EVP_PKEY_ED25519:
            return KeyType::Ed25519;
        case EVP_PKEY_RSA: {
            int bits = EVP_PKEY_get_bits(key);
            if (bits < 2048 || bits > 8192)
                return error(ErrorCode::Unsupported, "RSA key outside 2048 to 8192 bits",
                             static_cast<uint64_t>(bits));
            return KeyType::Rsa;
        }
        default:
            return error(ErrorCode::Unsupported, "key is neither EC, Ed25519 nor RSA");
    }
}

// OpenSSL keeps a queue of failures per thread; ours are reported by the Result instead.
template <class T>
T without_error_queue(T value) {
    ERR_clear_error();
    return value;
}

Result<PkeyHandle> generate_rsa(int bits) {
    PkeyContext context(EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, nullptr));
    EVP_PKEY* key = nullptr;
    if (!context || EVP_PKEY_keygen_init(context.get()) != 1 ||
        EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), bits) != 1 ||
        EVP_PKEY_keygen(context.get(), &key) != 1)
        return error(ErrorCode::Library, "cannot generate an RSA key");
    return PkeyHandle(key);
}

Result<PkeyHandle> generate_native(NewKey kind) {
    PkeyHandle key;
    switch (kind) {
        case NewKey::P256:
            key.reset(EVP_EC_gen("P-256"));
            break;
        case NewKey::P384:
            key.reset(EVP_EC_gen("P-384"));
            break;
        case NewKey::Ed25519:
            key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
            break;
        case NewKey::Rsa2048:
            return generate_rsa(2048);
        case NewKey::Rsa3072:
            return generate_rsa(3072);
    }
    if (!key)
        return error(ErrorCode::Library, "cannot generate a key");
    return key;
}

}  // namespace

Result<PublicKey> PublicKey::from_native(EVP_PKEY* key) {
    if (key == nullptr)
        return error(ErrorCode::Malformed, "no public key");
    KeyType type = SCONE_TRY(type_of(key));
    EVP_PKEY_up_ref(key);
    return PublicKey(PkeyHandle(key), type);
}

Result<PublicKey> PublicKey::from_spki_der(Bytes der) {
    if (der.size() > kMaxKeyFileSize)
        return error(ErrorCode::TooLarge, "public key above 64 KiB", der.size());
    const uint8_t* p = der.data();
    PkeyHandle key(without_error_queue(d2i_PUBKEY(nullptr, &p, static_cast<long>(der.size()))));
    if (!key || p != der.data() + der.size())
        return error(ErrorCode::Malformed, "not a public key in DER");
    return from_native(key.get());
}

Result<PublicKey> PublicKey::from_spki_pem(std::string_view pem) {
    if (pem.size() > kMaxKeyFileSize)
        return error(ErrorCode::TooLarge, "public key above 64 KiB", pem.size());
    BioHandle bio = read_from(pem);
    PkeyHandle key(without_error_queue(
        bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, refuse_password, nullptr) : nullptr));
    if (!key)
        return error(ErrorCode::Malformed, "not a public key in PEM");
    return from_native(key.get());
}

// Not by way of DER: OpenSSL 3.0 takes ten times as long to find a decoder as to make the key.
Result<PublicKey> PublicKey::from_p256_point(std::span<const uint8_t, 64> point) {
    ByteArray<65> octets{0x04};  // uncompressed
    base::copy_bytes(base::MutableBytes(octets).subspan(1), point);
    char group[] = "P-256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, octets.data(), octets.size()),
        OSSL_PARAM_construct_end()};
    PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    EVP_PKEY* made = nullptr;
    // Whether the point is on the curve is checked, too.
    if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        without_error_queue(
            EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters)) != 1)
        return error(ErrorCode::Malformed, "not a point of P-256");
    return PublicKey(PkeyHandle(made), KeyType::P256);
}

PublicKey::PublicKey(const PublicKey& other) : key_(other.key_.get()), type_(other.type_) {
    EVP_PKEY_up_ref(key_.get());
}

PublicKey& PublicKey::operator=(const PublicKey& other) {
    if (this != &other)
        *this = PublicKey(other);
    return *this;
}

namespace {

// SubjectPublicKeyInfo of an uncompressed P-256 point is this prefix and the point (RFC 5480).
constexpr uint8_t kP256Prefix[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
constexpr size_t kP256Octets = 65;

}  // namespace

Result<std::vector<uint8_t>> PublicKey::spki_der() const {
    std::vector<uint8_t> out(kP256Prefix, kP256Prefix + sizeof kP256Prefix);
    out.resize(sizeof kP256Prefix + kP256Octets);
    size_t got = 0;
    // As i2d_PUBKEY does it, but without a search for an encoder.
    if (type_ == KeyType::P256 &&
        EVP_PKEY_get_octet_string_param(key_.get(), OSSL_PKEY_PARAM_PUB_KEY,
                                        out.data() + sizeof kP256Prefix, kP256Octets, &got) == 1 &&
        got == kP256Octets && out[sizeof kP256Prefix] == 0x04)
        return out;
    ERR_clear_error();
    uint8_t* der = nullptr;
    int size = i2d_PUBKEY(key_.get(), &der);
    if (size <= 0)
        return error(ErrorCode::Library, "cannot encode a public key");
    out.assign(der, der + size);
    OPENSSL_free(der);
    return out;
}

Result<std::string> PublicKey::spki_pem() const {
    BioHandle bio(BIO_new(BIO_s_mem()));
    if (!bio || PEM_write_bio_PUBKEY(bio.get(), key_.get()) != 1)
        return error(ErrorCode::Library, "cannot encode a public key");
    return std::string(written_to(bio));
}

Result<KeyHash> PublicKey::key_hash() const {
    return sha256(SCONE_TRY(spki_der()));
}

Result<ByteArray<64>> PublicKey::p256_point() const {
    if (type_ != KeyType::P256)
        return error(ErrorCode::WrongKey, "expected a P-256 key");
    std::vector<uint8_t> der = SCONE_TRY(spki_der());
    if (der.size() != 91 || der[26] != 0x04)
        return error(ErrorCode::Unsupported, "expected an uncompressed P-256 point", der.size());
    ByteArray<64> point;
    base::copy_bytes(point, Bytes(der).last(64));
    return point;
}

Result<PrivateKey> PrivateKey::generate(NewKey kind) {
    PkeyHandle key = SCONE_TRY(generate_native(kind));
    KeyType type = SCONE_TRY(type_of(key.get()));
    return PrivateKey(std::move(key), type);
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
    if (pem.size() > kMaxKeyFileSize)
        return error(ErrorCode::TooLarge, "private key above 64 KiB", pem.size());
    BioHandle bio = read_from(pem);
    PkeyHandle key(without_error_queue(
        bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_password, nullptr) : nullptr));
    if (!key)
        return error(ErrorCode::Malformed, "not an unencrypted private key in PEM");
    KeyType type = SCONE_TRY(type_of(key.get()));
    return PrivateKey(std::move(key), type);
}

Result<PrivateKey> PrivateKey::from_pkcs8_der(Bytes der) {
    if (der.size() > kMaxKeyFileSize)
        return error(ErrorCode::TooLarge, "private key above 64 KiB", der.size());
    const uint8_t* p = der.data();
    std::unique_ptr<PKCS8_PRIV_KEY_INFO, FreeWith<PKCS8_PRIV_KEY_INFO_free>> info(
        without_error_queue(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &p, static_cast<long>(der.size()))));
    if (!info || p != der.data() + der.size())
        return error(ErrorCode::Malformed, "not a PKCS#8 private key in DER");
    PkeyHandle key(without_error_queue(EVP_PKCS82PKEY(info.get())));
    if (!key)
        return error(ErrorCode::Malformed, "PKCS#8 holds no key that can be read");
    KeyType type = SCONE_TRY(type_of(key.get()));
    return PrivateKey(std::move(key), type);
}

PrivateKey PrivateKey::share() const {
    EVP_PKEY_up_ref(key_.get());
    return PrivateKey(PkeyHandle(key_.get()), type_);
}

Result<SecretBytes> PrivateKey::pkcs8_pem() const {
    BioHandle bio = new_secret_bio();
    if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr,
                                              nullptr) != 1)
        return error(ErrorCode::Library, "cannot encode a private key");
    return SecretBytes(written_to(bio));
}

Result<SecretBytes> PrivateKey::pkcs8_der() const {
    BioHandle bio = new_secret_bio();
    if (!bio ||
        i2d_PKCS8PrivateKey_bio(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
        return error(ErrorCode::Library, "cannot encode a private key");
    return SecretBytes(written_to(bio));
}

Result<PublicKey> PrivateKey::public_key() const {
    return PublicKey::from_native(key_.get());
}

}  // namespace scone::crypto
