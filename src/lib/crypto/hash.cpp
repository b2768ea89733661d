#include "lib/crypto/hash.h"

#include "lib/crypto/openssl_handle.h"

namespace scone::crypto {
namespace {

template <size_t N>
ByteArray<N> digest_of_parts(const EVP_MD* algorithm, std::initializer_list<Bytes> parts) {
    DigestContext context(EVP_MD_CTX_new());
    ByteArray<N> digest;
    unsigned size = 0;
    bool done = context && EVP_DigestInit_ex(context.get(), algorithm, nullptr) == 1;
    for (Bytes part : parts)
        done = done && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
    done = done && EVP_DigestFinal_ex(context.get(), digest.data(), &size) == 1 && size == N;
    if (!done)
        __builtin_trap();  // no memory; a digest must never be made up
    return digest;
}

}  // namespace

Sha256Digest sha256(Bytes data) {
    return digest_of_parts<32>(EVP_sha256(), {data});
}
Sha384Digest sha384(Bytes data) {
    return digest_of_parts<48>(EVP_sha384(), {data});
}
Sha512Digest sha512(Bytes data) {
    return digest_of_parts<64>(EVP_sha512(), {data});
}
Sha256Digest sha256_of_parts(std::initializer_list<Bytes> parts) {
    return digest_of_parts<32>(EVP_sha256(), parts);
}
Sha512Digest sha512_of_parts(std::initializer_list<Bytes> parts) {
    return digest_of_parts<64>(EVP_sha512(), parts);
}

}  // namespace scone::crypto
