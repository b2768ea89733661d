// AES-128 encryption of single blocks in constant time, without tables.
//
// Side:   both. Slow (about 1 us a block) and meant to be: see cmac.h.
// Source: FIPS 197
#pragma once

#include "lib/base/bytes.h"

namespace scone::aead {

class Aes128 {
  public:
    explicit Aes128(std::span<const uint8_t, 16> key);
    Aes128(const Aes128&) = delete;
    Aes128& operator=(const Aes128&) = delete;
    ~Aes128();

    void encrypt(uint8_t block[16]) const;

  private:
    uint8_t round_keys_[11][16];
};

}  // namespace scone::aead
