// Checking a certificate's path to a root.
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "lib/crypto/x509.h"

namespace scone::crypto {
namespace {

using StoreHandle = std::unique_ptr<X509_STORE, FreeWith<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, FreeWith<X509_STORE_CTX_free>>;

struct FreeStack {
    void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};
using BorrowedStack = std::unique_ptr<STACK_OF(X509), FreeStack>;

int purpose_of(ExtendedUse use) {
    switch (use) {
        case ExtendedUse::None:
            return 0;
        case ExtendedUse::Server:
            return X509_PURPOSE_SSL_SERVER;
        case ExtendedUse::Client:
            return X509_PURPOSE_SSL_CLIENT;
        case ExtendedUse::ServerAndClient:
            return 0;  // asked for one side at a time by callers; handled by verify_path
    }
    __builtin_unreachable();
}

ErrorCode code_of(int verdict) {
    switch (verdict) {
        case X509_V_ERR_CERT_NOT_YET_VALID:
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return ErrorCode::OutOfTime;
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
            return ErrorCode::BadSignature;
        default:
            return ErrorCode::NotTrusted;
    }
}

Result<void> verify_for(const Certificate& leaf, std::span<const Certificate> intermediates,
                        std::span<const Certificate> roots, int64_t time, int purpose) {
    StoreHandle store(X509_STORE_new());
    StoreContext context(X509_STORE_CTX_new());
    BorrowedStack untrusted(sk_X509_new_null());
    if (!store || !context || !untrusted)
        return error(ErrorCode::Library, "cannot check a certificate's path");
    for (const Certificate& root : roots)
        if (X509_STORE_add_cert(store.get(), root.native()) != 1)
            return error(ErrorCode::Library, "cannot check a certificate's path");
    for (const Certificate& intermediate : intermediates)
        if (sk_X509_push(untrusted.get(), intermediate.native()) <= 0)
            return error(ErrorCode::Library, "cannot check a certificate's path");
    if (X509_STORE_CTX_init(context.get(), store.get(), leaf.native(), untrusted.get()) != 1)
        return error(ErrorCode::Library, "cannot check a certificate's path");
    X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context.get());
    X509_VERIFY_PARAM_set_time(rules, static_cast<time_t>(time));
    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_X509_STRICT | X509_V_FLAG_TRUSTED_FIRST);
    X509_VERIFY_PARAM_set_depth(rules, static_cast<int>(kMaxChainLength));
    if (purpose != 0)
        X509_VERIFY_PARAM_set_purpose(rules, purpose);
    int verdict = X509_verify_cert(context.get());
    int reason = X509_STORE_CTX_get_error(context.get());
    ERR_clear_error();
    if (verdict == 1)
        return {};
    // The texts of X509_verify_cert_error_string are literals.
    return error(code_of(reason), X509_verify_cert_error_string(reason),
                 static_cast<uint64_t>(reason));
}

}  // namespace

Result<void> verify_path(const Certificate& leaf, std::span<const Certificate> intermediates,
                         std::span<const Certificate> roots, int64_t time, ExtendedUse use) {
    if (intermediates.size() > kMaxChainLength)
        return error(ErrorCode::TooLarge, "more than 16 intermediate certificates");
    if (use == ExtendedUse::ServerAndClient) {
        SCONE_TRY(verify_for(leaf, intermediates, roots, time, purpose_of(ExtendedUse::Server)));
        return verify_for(leaf, intermediates, roots, time, purpose_of(ExtendedUse::Client));
    }
    return verify_for(leaf, intermediates, roots, time, purpose_of(use));
}

}  // namespace scone::crypto
