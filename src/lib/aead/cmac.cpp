#include "lib/aead/cmac.h"

#include "lib/aead/aes128.h"
#include "lib/base/secret.h"

namespace scone::aead {
namespace {

// RFC 4493, 2.3: multiplication by x in GF(2^128), big endian.
void double_subkey(uint8_t value[16]) {
    uint8_t carry = static_cast<uint8_t>(value[0] >> 7);
    for (int i = 0; i < 15; ++i)
        value[i] = static_cast<uint8_t>(value[i] << 1 | value[i + 1] >> 7);
    value[15] = static_cast<uint8_t>(value[15] << 1 ^ carry * 0x87);
}

}  // namespace

CmacTag aes128_cmac(std::span<const uint8_t, 16> key, base::Bytes message) {
    Aes128 cipher(key);
    uint8_t subkey[16] = {};
    cipher.encrypt(subkey);
    double_subkey(subkey);  // K1

    CmacTag tag{};
    while (message.size() > 16) {
        for (size_t i = 0; i < 16; ++i)
            tag[i] ^= message[i];
        cipher.encrypt(tag.data());
        message = message.subspan(16);
    }
    for (size_t i = 0; i < message.size(); ++i)
        tag[i] ^= message[i];
    if (message.size() < 16) {
        tag[message.size()] ^= 0x80;
        double_subkey(subkey);  // K2
    }
    for (size_t i = 0; i < 16; ++i)
        tag[i] ^= subkey[i];
    cipher.encrypt(tag.data());
    base::wipe(subkey, sizeof subkey);
    return tag;
}

}  // namespace scone::aead
