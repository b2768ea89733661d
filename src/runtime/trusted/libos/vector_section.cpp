#include "runtime/trusted/libos/vector_section.h"

#include <atomic>

#include "lib/aead/aes_gcm_ipsec_mb.h"
#include "runtime/trusted/libos/task/process.h"

extern "C" {
void scone_save_vectors(void* area);
uint64_t scone_probe_vaes();
uint64_t scone_probe_sha();
}

namespace scone::libos {
namespace {

const aead::AesGcm256* chosen;

const aead::AesGcm256& choose() {
    constexpr uint64_t kAvx = 4, kAvx512 = 0xe0;
    uint64_t enabled = enclave::current_block()->xsave_mask;
    if ((enabled & kAvx512) == kAvx512 && scone_probe_vaes() != 0)
        return aead::aes_gcm_ipsec_mb(aead::CpuLevel::VaesAvx512);
    return aead::aes_gcm_ipsec_mb(enabled & kAvx ? aead::CpuLevel::Avx2 : aead::CpuLevel::Sse);
}

constexpr aead::AesGcm256 kGuarded = {
    [](const uint8_t* key, aead::GcmKeyContext& context) {
        enter_vector_section();
        chosen->expand_key(key, context);
    },
    [](const aead::GcmKeyContext& context, const aead::GcmMessage& message, uint8_t* tag) {
        enter_vector_section();
        chosen->encrypt(context, message, tag);
    },
    [](const aead::GcmKeyContext& context, const aead::GcmMessage& message, uint8_t* tag) {
        enter_vector_section();
        chosen->decrypt(context, message, tag);
    },
};

bool has_sha() {
    enum : uint8_t { Unknown, No, Yes };
    static std::atomic<uint8_t> known{Unknown};
    if (known.load(std::memory_order_relaxed) == Unknown) {
        enter_vector_section();
        known.store(scone_probe_sha() != 0 ? Yes : No, std::memory_order_relaxed);
    }
    return known.load(std::memory_order_relaxed) == Yes;
}

}  // namespace

void enter_vector_section() {
    Thread& thread = current_thread();
    if (thread.vectors_in_frame)
        return;
    uint8_t* area = enclave::vector_area_of(thread.block);
    __builtin_memset(area + 512, 0, 64);
    scone_save_vectors(area);
    thread.vectors_in_frame = true;
    enclave::frame_of(thread.block)->how = enclave::Return::Full;
}

aead::Sha256Compress runtime_sha256() {
    return has_sha() ? [](uint32_t state[8], const uint8_t* blocks, size_t count) {
        enter_vector_section();
        aead::sha256_compress_sha_ni(state, blocks, count);
    } : aead::sha256_compress_portable;
}

aead::Sha256CompressTwo runtime_sha256_two() {
    return has_sha() ? [](uint32_t first[8], const uint8_t* first_blocks, uint32_t second[8],
                          const uint8_t* second_blocks, size_t count) {
        enter_vector_section();
        aead::sha256_compress_two_sha_ni(first, first_blocks, second, second_blocks, count);
    } : aead::sha256_compress_two_portable;
}

const aead::AesGcm256& runtime_cipher() {
    if (chosen == nullptr) {
        enter_vector_section();
        chosen = &choose();
    }
    return kGuarded;
}

}  // namespace scone::libos
