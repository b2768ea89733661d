// HMAC-SHA256 and HKDF-SHA256.
//
// Side:   both
// Source: RFC 2104, RFC 5869
#pragma once

#include "lib/aead/aead_error.h"
#include "lib/aead/sha256.h"
#include "lib/base/result.h"

namespace scone::aead {

class HmacSha256 {
  public:
    explicit HmacSha256(base::Bytes key, Sha256Compress compress = sha256_compress_portable);
    HmacSha256(const HmacSha256&) = delete;
    HmacSha256& operator=(const HmacSha256&) = delete;
    ~HmacSha256();

    void update(base::Bytes bytes) { inner_.update(bytes); }
    // To be called once.
    Digest finish();

  private:
    Sha256 inner_;
    Sha256 outer_;
};

Digest hmac_sha256(base::Bytes key, base::Bytes message);

// HKDF: extract with salt, then expand with info to out.size() bytes.
// Errors: TooLarge when out is longer than 255 * 32 bytes.
base::Result<void, Error> hkdf_sha256(base::Bytes salt, base::Bytes secret, base::Bytes info,
                                      base::MutableBytes out);

}  // namespace scone::aead
