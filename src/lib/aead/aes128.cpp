#include "lib/aead/aes128.h"

#include "lib/base/endian.h"
#include "lib/base/secret.h"

namespace scone::aead {
namespace {

// Eight field elements of GF(2^8) side by side in one word.
constexpr uint64_t kOnes = 0x0101010101010101;

constexpr uint64_t double_each(uint64_t x) {
    uint64_t high = x >> 7 & kOnes;
    return (x & ~(kOnes * 0x80)) << 1 ^ high * 0x1B;
}

constexpr uint64_t multiply_each(uint64_t x, uint64_t y) {
    uint64_t product = 0;
    for (int bit = 0; bit < 8; ++bit) {
        product ^= x & (y >> bit & kOnes) * 0xFF;
        x = double_each(x);
    }
    return product;
}

// x^254 = 1/x, and 0 for 0.
constexpr uint64_t invert_each(uint64_t x) {
    uint64_t x2 = multiply_each(x, x);
    uint64_t x3 = multiply_each(x2, x);
    uint64_t x6 = multiply_each(x3, x3);
    uint64_t x12 = multiply_each(x6, x6);
    uint64_t x15 = multiply_each(x12, x3);
    uint64_t x30 = multiply_each(x15, x15);
    uint64_t x60 = multiply_each(x30, x30);
    uint64_t x120 = multiply_each(x60, x60);
    uint64_t x240 = multiply_each(x120, x120);
    uint64_t x252 = multiply_each(x240, x12);
    return multiply_each(x252, x2);
}

constexpr uint64_t rotate_each(uint64_t x, int count) {
    uint64_t low = kOnes * (0xFFu >> (8 - count));
    uint64_t kept = kOnes * (0xFFu >> count);
    return (x & kept) << count | (x >> (8 - count) & low);
}

// FIPS 197, 5.1.1: inversion, then the affine map.
constexpr uint64_t substitute_each(uint64_t x) {
    uint64_t y = invert_each(x);
    return y ^ rotate_each(y, 1) ^ rotate_each(y, 2) ^ rotate_each(y, 3) ^ rotate_each(y, 4) ^
           kOnes * 0x63;
}
static_assert(substitute_each(0x53) % 256 == 0xED && substitute_each(0) % 256 == 0x63);

void substitute_block(uint8_t block[16]) {
    base::store_le64(block, substitute_each(base::load_le64(block)));
    base::store_le64(block + 8, substitute_each(base::load_le64(block + 8)));
}

void add_round_key(uint8_t block[16], const uint8_t key[16]) {
    for (int i = 0; i < 16; ++i)
        block[i] ^= key[i];
}

void shift_rows(uint8_t block[16]) {
    uint8_t old[16];
    __builtin_memcpy(old, block, 16);
    for (int i = 0; i < 16; ++i)
        block[i] = old[(i + 4 * (i % 4)) % 16];
}

void mix_columns(uint8_t block[16]) {
    for (int half = 0; half < 16; half += 8) {
        uint64_t x = base::load_le64(block + half);
        // Each byte of the rotated words stands where the next rows of its column belong.
        auto next_row = [](uint64_t v) {
            return (v >> 8 & 0x00FFFFFF00FFFFFF) | (v << 24 & 0xFF000000FF000000);
        };
        uint64_t r1 = next_row(x);
        uint64_t r2 = next_row(r1);
        uint64_t r3 = next_row(r2);
        base::store_le64(block + half, double_each(x) ^ double_each(r1) ^ r1 ^ r2 ^ r3);
    }
}

}  // namespace

Aes128::Aes128(std::span<const uint8_t, 16> key) {
    __builtin_memcpy(round_keys_[0], key.data(), 16);
    uint8_t constant = 1;
    for (int round = 1; round <= 10; ++round) {
        const uint8_t* before = round_keys_[round - 1];
        uint8_t* now = round_keys_[round];
        uint32_t word = base::load_le32(before + 12);
        word = static_cast<uint32_t>(substitute_each(word >> 8 | word << 24));
        word ^= constant;
        constant = static_cast<uint8_t>(double_each(constant));
        for (int i = 0; i < 16; i += 4) {
            word ^= base::load_le32(before + i);
            base::store_le32(now + i, word);
        }
    }
}

Aes128::~Aes128() {
    base::wipe(round_keys_, sizeof round_keys_);
}

void Aes128::encrypt(uint8_t block[16]) const {
    add_round_key(block, round_keys_[0]);
    for (int round = 1; round < 10; ++round) {
        substitute_block(block);
        shift_rows(block);
        mix_columns(block);
        add_round_key(block, round_keys_[round]);
    }
    substitute_block(block);
    shift_rows(block);
    add_round_key(block, round_keys_[10]);
}

}  // namespace scone::aead
