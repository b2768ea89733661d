// The block function of SHA-256 with the SHA instructions. This file alone of the room is compiled
// for vector registers; see sha256.h for who may call it.
#include <immintrin.h>

#include "lib/aead/sha256.h"
#include "lib/aead/sha256_constants.h"

namespace scone::aead {
namespace {

// SAFETY: unaligned loads and stores of 16 bytes within the state (8 words), the block (64 bytes)
// and the constants (64 words); vector types may alias.
inline __m128i load(const void* from) {
    return _mm_loadu_si128(static_cast<const __m128i*>(from));
}
inline void store(void* to, __m128i value) {
    _mm_storeu_si128(static_cast<__m128i*>(to), value);
}

// The instructions keep the state as the halves (A, B, E, F) and (C, D, G, H), high word first.
struct Halves {
    __m128i abef;
    __m128i cdgh;
};

inline Halves split(const uint32_t state[8]) {
    __m128i abcd = _mm_shuffle_epi32(load(state), 0xB1);      // b a d c
    __m128i efgh = _mm_shuffle_epi32(load(state + 4), 0x1B);  // h g f e
    return {_mm_alignr_epi8(abcd, efgh, 8), _mm_blend_epi16(efgh, abcd, 0xF0)};
}

inline void join(const Halves& halves, uint32_t state[8]) {
    __m128i feba = _mm_shuffle_epi32(halves.abef, 0x1B);
    __m128i dchg = _mm_shuffle_epi32(halves.cdgh, 0xB1);
    store(state, _mm_blend_epi16(feba, dchg, 0xF0));
    store(state + 4, _mm_alignr_epi8(dchg, feba, 8));
}

// Four words of the message schedule, of the sixteen that `w` holds the last of.
inline __m128i schedule(__m128i w[4], const uint8_t* block, size_t group) {
    const __m128i big_endian = _mm_set_epi64x(0x0C0D0E0F08090A0B, 0x0405060700010203);
    __m128i& now = w[group % 4];
    if (group < 4) {
        now = _mm_shuffle_epi8(load(block + 16 * group), big_endian);
    } else {
        // w[t] = w[t-16] + s0(w[t-15]) + w[t-7] + s1(w[t-2]), four at a time
        __m128i last = w[(group + 3) % 4];
        __m128i sum = _mm_sha256msg1_epu32(now, w[(group + 1) % 4]);
        sum = _mm_add_epi32(sum, _mm_alignr_epi8(last, w[(group + 2) % 4], 4));
        now = _mm_sha256msg2_epu32(sum, last);
    }
    return _mm_add_epi32(now, load(kSha256Rounds + 4 * group));
}

inline void four_rounds(Halves& s, __m128i input) {
    s.cdgh = _mm_sha256rnds2_epu32(s.cdgh, s.abef, input);
    s.abef = _mm_sha256rnds2_epu32(s.abef, s.cdgh, _mm_shuffle_epi32(input, 0x0E));
}

inline void add(Halves& to, const Halves& s) {
    to.abef = _mm_add_epi32(to.abef, s.abef);
    to.cdgh = _mm_add_epi32(to.cdgh, s.cdgh);
}

inline void compress_block(Halves& state, const uint8_t* block) {
    __m128i w[4];
    Halves s = state;
#pragma GCC unroll 16
    for (size_t group = 0; group < 16; ++group)
        four_rounds(s, schedule(w, block, group));
    add(state, s);
}

inline void compress_two(Halves& first, const uint8_t* first_block, Halves& second,
                         const uint8_t* second_block) {
    __m128i w[4], v[4];
    Halves s = first, t = second;
#pragma GCC unroll 16
    for (size_t group = 0; group < 16; ++group) {
        const __m128i input = schedule(w, first_block, group);
        const __m128i other = schedule(v, second_block, group);
        four_rounds(s, input);
        four_rounds(t, other);
    }
    add(first, s);
    add(second, t);
}

}  // namespace

void sha256_compress_sha_ni(uint32_t state[8], const uint8_t* blocks, size_t count) {
    Halves halves = split(state);
    for (size_t i = 0; i < count; ++i)
        compress_block(halves, blocks + i * kSha256BlockSize);
    join(halves, state);
}

void sha256_compress_two_sha_ni(uint32_t first[8], const uint8_t* first_blocks, uint32_t second[8],
                                const uint8_t* second_blocks, size_t count) {
    Halves one = split(first), two = split(second);
    for (size_t i = 0; i < count; ++i)
        compress_two(one, first_blocks + i * kSha256BlockSize, two,
                     second_blocks + i * kSha256BlockSize);
    join(one, first);
    join(two, second);
}

}  // namespace scone::aead
