#include "lib/policy/pkcs12.h"

#include <openssl/pkcs12.h>

#include <memory>

#include "lib/crypto/key.h"
#include "lib/crypto/x509.h"

namespace scone::policy {
namespace {

struct Pkcs12Deleter {
    void operator()(PKCS12* file) const { PKCS12_free(file); }
};
struct StackDeleter {
    void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};

base::Result<std::string, std::string> encode(PKCS12* file) {
    int size = file ? i2d_PKCS12(file, nullptr) : -1;
    if (size <= 0)
        return base::fail(std::string("the PKCS#12 file cannot be made"));
    std::vector<uint8_t> der(static_cast<size_t>(size));
    uint8_t* at = der.data();
    if (i2d_PKCS12(file, &at) != size)
        return base::fail(std::string("the PKCS#12 file cannot be made"));
    return std::string(base::as_text(der));
}

}  // namespace

base::Result<std::string, std::string> make_pkcs12(base::Bytes certificate_der,
                                                   base::Bytes private_key_pkcs8,
                                                   const std::vector<std::vector<uint8_t>>& chain) {
    auto certificate = crypto::Certificate::from_der(certificate_der);
    auto key = crypto::PrivateKey::from_pkcs8_der(private_key_pkcs8);
    if (!certificate || !key)
        return base::fail(std::string("the certificate or its private key cannot be read"));
    std::vector<crypto::Certificate> issuers;
    // The stack holds no references: `issuers` outlives it.
    std::unique_ptr<STACK_OF(X509), StackDeleter> stack(sk_X509_new_null());
    issuers.reserve(chain.size());
    for (const auto& der : chain) {
        auto issuer = crypto::Certificate::from_der(der);
        if (!issuer)
            return base::fail(std::string("a certificate of the chain cannot be read"));
        issuers.push_back(std::move(*issuer));
        if (!stack || sk_X509_push(stack.get(), issuers.back().native()) == 0)
            return base::fail(std::string("the PKCS#12 file cannot be made"));
    }
    std::unique_ptr<PKCS12, Pkcs12Deleter> file(PKCS12_create(
        "", nullptr, key->native(), certificate->native(), stack.get(), 0, 0, 0, 0, 0));
    return encode(file.get());
}

}  // namespace scone::policy
