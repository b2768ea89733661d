#include "lib/aead/sha256.h"

#include <bit>

#include "lib/aead/sha256_constants.h"
#include "lib/base/endian.h"
#include "lib/base/secret.h"

namespace scone::aead {
namespace {

constexpr uint32_t small_sigma0(uint32_t x) {
    return std::rotr(x, 7) ^ std::rotr(x, 18) ^ x >> 3;
}
constexpr uint32_t small_sigma1(uint32_t x) {
    return std::rotr(x, 17) ^ std::rotr(x, 19) ^ x >> 10;
}
constexpr uint32_t big_sigma0(uint32_t x) {
    return std::rotr(x, 2) ^ std::rotr(x, 13) ^ std::rotr(x, 22);
}
constexpr uint32_t big_sigma1(uint32_t x) {
    return std::rotr(x, 6) ^ std::rotr(x, 11) ^ std::rotr(x, 25);
}

void compress_block(uint32_t state[8], const uint8_t* block) {
    uint32_t w[64];
    for (size_t t = 0; t < 16; ++t)
        w[t] = base::load_be32(block + 4 * t);
    for (size_t t = 16; t < 64; ++t)
        w[t] = small_sigma1(w[t - 2]) + w[t - 7] + small_sigma0(w[t - 15]) + w[t - 16];

    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (size_t t = 0; t < 64; ++t) {
        uint32_t t1 = h + big_sigma1(e) + ((e & f) ^ (~e & g)) + kSha256Rounds[t] + w[t];
        uint32_t t2 = big_sigma0(a) + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
}

}  // namespace

void sha256_compress_portable(uint32_t state[8], const uint8_t* blocks, size_t count) {
    for (size_t i = 0; i < count; ++i)
        compress_block(state, blocks + i * kSha256BlockSize);
}

void sha256_compress_two_portable(uint32_t first[8], const uint8_t* first_blocks,
                                  uint32_t second[8], const uint8_t* second_blocks, size_t count) {
    sha256_compress_portable(first, first_blocks, count);
    sha256_compress_portable(second, second_blocks, count);
}

Sha256::Sha256(Sha256Compress compress) : compress_(compress) {
    reset();
}

void Sha256::reset() {
    for (size_t i = 0; i < 8; ++i)
        state_[i] = kSha256Initial[i];
    size_ = 0;
}

void Sha256::update(base::Bytes bytes) {
    size_t filled = size_ % kSha256BlockSize;
    size_ += bytes.size();
    if (filled != 0) {
        size_t take = kSha256BlockSize - filled;
        if (take > bytes.size())
            take = bytes.size();
        base::copy_bytes({block_ + filled, take}, bytes);
        bytes = bytes.subspan(take);
        if (filled + take < kSha256BlockSize)
            return;
        compress_(state_, block_, 1);
    }
    size_t count = bytes.size() / kSha256BlockSize;
    if (count != 0)
        compress_(state_, bytes.data(), count);
    base::Bytes rest = bytes.subspan(count * kSha256BlockSize);
    if (!rest.empty())
        base::copy_bytes({block_, rest.size()}, rest);
}

Digest Sha256::finish() {
    size_t filled = size_ % kSha256BlockSize;
    // FIPS 180-4, 5.1.1: a one bit, zeros, the size in bits as 64-bit big endian.
    block_[filled++] = 0x80;
    if (filled > kSha256BlockSize - 8) {
        base::fill_bytes({block_ + filled, kSha256BlockSize - filled}, 0);
        compress_(state_, block_, 1);
        filled = 0;
    }
    base::fill_bytes({block_ + filled, kSha256BlockSize - 8 - filled}, 0);
    base::store_be64(block_ + kSha256BlockSize - 8, size_ * 8);
    compress_(state_, block_, 1);

    Digest digest;
    for (size_t i = 0; i < 8; ++i)
        base::store_be32(digest.data() + 4 * i, state_[i]);
    base::wipe(block_, sizeof block_);
    reset();
    return digest;
}

Digest sha256(base::Bytes bytes, Sha256Compress compress) {
    Sha256 hash(compress);
    hash.update(bytes);
    return hash.finish();
}

}  // namespace scone::aead
