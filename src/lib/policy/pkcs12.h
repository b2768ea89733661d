// A certificate with its private key and chain as one PKCS#12 file with an empty password.
//
// Side:    hosted; for this room only
// Errors:  a text: the key or a certificate cannot be read
// Source:  RFC 7292; keys under AES-256-CBC with PBKDF2, as OpenSSL 3 makes them
#pragma once

#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/result.h"

namespace scone::policy {

base::Result<std::string, std::string> make_pkcs12(base::Bytes certificate_der,
                                                   base::Bytes private_key_pkcs8,
                                                   const std::vector<std::vector<uint8_t>>& chain);

}  // namespace scone::policy
