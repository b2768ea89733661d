// Owners of OpenSSL's objects.
//
// Side: hosted
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

namespace scone::crypto {

template <auto kFree>
struct FreeWith {
    template <class T>
    void operator()(T* object) const {
        kFree(object);
    }
};

using BioHandle = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using PkeyHandle = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeWith<EVP_PKEY_CTX_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeWith<EVP_CIPHER_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeWith<EVP_MD_CTX_free>>;
using X509Handle = std::unique_ptr<X509, FreeWith<X509_free>>;
using X509CrlHandle = std::unique_ptr<X509_CRL, FreeWith<X509_CRL_free>>;

}  // namespace scone::crypto
