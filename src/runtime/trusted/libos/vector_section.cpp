#include "runtime/trusted/libos/vector_section.h"

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
    static aead::Sha256Compress fastest;
    if (fastest == nullptr) {
        enter_vector_section();
        fastest = scone_probe_sha() == 0
                      ? aead::sha256_compress_portable
                      : [](uint32_t state[8], const uint8_t* blocks, size_t count) {
                            enter_vector_section();
                            aead::sha256_compress_sha_ni(state, blocks, count);
                        };
    }
    return fastest;
}

const aead::AesGcm256& runtime_cipher() {
    if (chosen == nullptr) {
        enter_vector_section();
        chosen = &choose();
    }
    return kGuarded;
}

}  // namespace scone::libos
