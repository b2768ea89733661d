#include "lib/aead/aes_gcm_ipsec_mb.h"

// The entry points of the assembly objects, by their published names and argument order
// (intel-ipsec-mb.h, aes_gcm_enc_dec_t). Declared here because that header pulls in the C library.
extern "C" {
#define SCONE_GCM_OBJECT(arch, keys)                                                     \
    void aes_keyexp_256_##keys(const void* key, void* encrypt_keys, void* decrypt_keys); \
    void aes_gcm_precomp_256_##arch(void* key_data);                                     \
    void aes_gcm_enc_256_##arch(const void* key_data, void* context, uint8_t* out,       \
                                const uint8_t* in, uint64_t size, const uint8_t* iv,     \
                                const uint8_t* aad, uint64_t aad_size, uint8_t* tag,     \
                                uint64_t tag_size);                                      \
    void aes_gcm_dec_256_##arch(const void* key_data, void* context, uint8_t* out,       \
                                const uint8_t* in, uint64_t size, const uint8_t* iv,     \
                                const uint8_t* aad, uint64_t aad_size, uint8_t* tag,     \
                                uint64_t tag_size);
SCONE_GCM_OBJECT(sse, sse)
SCONE_GCM_OBJECT(avx_gen4, avx2)
SCONE_GCM_OBJECT(vaes_avx512, avx512)
#undef SCONE_GCM_OBJECT

// The objects report a null argument through these two symbols of the library's error unit, which
// is not linked. We pass no null argument, so nobody reads them.
[[gnu::visibility("hidden")]] int imb_errno;
[[gnu::visibility("hidden")]] extern const int imb_errno_types[128];
const int imb_errno_types[128] = {};
}

namespace scone::aead {
namespace {

// struct gcm_key_data: 15 round keys of 16 bytes, then up to 48 hash keys of 16 bytes.
constexpr size_t kRoundKeysSize = size_t{15} * 16;
constexpr size_t kHashKeysSize = size_t{48} * 16;
static_assert(kRoundKeysSize + kHashKeysSize <= GcmKeyContext::kSize);

// struct gcm_context_data, with room to spare; holds key stream during a call.
struct alignas(64) Scratch {
    uint8_t memory[192];
};

using KeyExpansion = void (*)(const void*, void*, void*);
using Precompute = void (*)(void*);
using Crypt = void (*)(const void*, void*, uint8_t*, const uint8_t*, uint64_t, const uint8_t*,
                       const uint8_t*, uint64_t, uint8_t*, uint64_t);

template <KeyExpansion expansion, Precompute precompute>
void expand_key(const uint8_t* key, GcmKeyContext& context) {
    // The objects expand the keys of both directions; GCM uses those for encryption only.
    alignas(16) uint8_t decrypt_keys[kRoundKeysSize];
    expansion(key, context.memory(), decrypt_keys);
    base::wipe(decrypt_keys, sizeof decrypt_keys);
    precompute(context.memory());
}

template <Crypt crypt>
void run(const GcmKeyContext& context, const GcmMessage& message, uint8_t* tag) {
    Scratch scratch;
    crypt(context.memory(), &scratch, message.out, message.in, message.size, message.nonce,
          message.aad, message.aad_size, tag, kGcmTagSize);
    base::wipe(&scratch, sizeof scratch);
}

constexpr AesGcm256 kSse = {expand_key<aes_keyexp_256_sse, aes_gcm_precomp_256_sse>,
                            run<aes_gcm_enc_256_sse>, run<aes_gcm_dec_256_sse>};
constexpr AesGcm256 kAvx2 = {expand_key<aes_keyexp_256_avx2, aes_gcm_precomp_256_avx_gen4>,
                             run<aes_gcm_enc_256_avx_gen4>, run<aes_gcm_dec_256_avx_gen4>};
constexpr AesGcm256 kVaesAvx512 = {
    expand_key<aes_keyexp_256_avx512, aes_gcm_precomp_256_vaes_avx512>,
    run<aes_gcm_enc_256_vaes_avx512>, run<aes_gcm_dec_256_vaes_avx512>};

}  // namespace

const AesGcm256& aes_gcm_ipsec_mb(CpuLevel level) {
    switch (level) {
        case CpuLevel::VaesAvx512:
            return kVaesAvx512;
        case CpuLevel::Avx2:
            return kAvx2;
        case CpuLevel::Sse:
            break;
    }
    return kSse;
}

}  // namespace scone::aead
