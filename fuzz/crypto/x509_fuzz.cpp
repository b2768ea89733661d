// Any bytes as certificate, certificate list, revocation list and key.
#include "lib/crypto/x509.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace scone::crypto;
    Bytes bytes(data, size);
    std::string_view text = scone::base::as_text(bytes);
    if (auto certificate = Certificate::from_der(bytes)) {
        (void)certificate->subject_common_name();
        (void)certificate->issuer_common_name();
        (void)certificate->dns_names();
        (void)certificate->serial();
        (void)certificate->extension("1.2.840.113741.1.13.1");
        (void)certificate->public_key();
        std::vector<Certificate> self{*certificate};
        (void)verify_path(*certificate, self, self, certificate->not_before(), ExtendedUse::Server);
    }
    (void)Certificate::list_from_pem(text);
    (void)RevocationList::from_der(bytes);
    (void)PublicKey::from_spki_der(bytes);
    (void)PrivateKey::from_pem(text);
    (void)PrivateKey::from_pkcs8_der(bytes);
    return 0;
}
