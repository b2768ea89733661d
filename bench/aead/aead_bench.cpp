// AES-256-GCM and SHA-256 on blocks of the protected file system, and the measurement of an
// enclave.
#include <benchmark/benchmark.h>

#include <vector>

#include "lib/aead/aes_gcm_ipsec_mb.h"
#include "lib/aead/sha256.h"
#include "lib/sgx/measurement.h"

namespace {

using namespace scone;

void seal(benchmark::State& state, aead::CpuLevel level) {
    const aead::AesGcm256& cipher = aead::aes_gcm_ipsec_mb(level);
    aead::GcmKeyContext context;
    aead::gcm_set_key(cipher, aead::GcmKey{}, context);
    std::vector<uint8_t> block(static_cast<size_t>(state.range(0)));
    aead::Nonce nonce;
    for (auto _ : state) {
        ++nonce.bytes[0];
        benchmark::DoNotOptimize(aead::gcm_seal(cipher, context, nonce, {}, block, block));
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}

void open(benchmark::State& state, aead::CpuLevel level) {
    const aead::AesGcm256& cipher = aead::aes_gcm_ipsec_mb(level);
    aead::GcmKeyContext context;
    aead::gcm_set_key(cipher, aead::GcmKey{}, context);
    std::vector<uint8_t> block(static_cast<size_t>(state.range(0))), plain(block.size());
    auto tag = aead::gcm_seal(cipher, context, {}, {}, block, block);
    for (auto _ : state)
        if (!aead::gcm_open(cipher, context, {}, {}, block, *tag, plain))
            state.SkipWithError("did not open");
    state.SetBytesProcessed(state.iterations() * state.range(0));
}

void hash(benchmark::State& state, aead::Sha256Compress compress) {
    std::vector<uint8_t> block(static_cast<size_t>(state.range(0)));
    for (auto _ : state)
        benchmark::DoNotOptimize(aead::sha256(block, compress));
    state.SetBytesProcessed(state.iterations() * state.range(0));
}

void measure_page(benchmark::State& state, aead::Sha256Compress compress) {
    alignas(4096) static const uint8_t page[4096] = {};
    sgx::Measurement measurement(uint64_t{64} << 30, 1, compress);
    for (auto _ : state) {
        measurement.add_page(0x1000, 0x203);
        measurement.extend_page(0x1000, page);
    }
    state.SetBytesProcessed(state.iterations() * 4096);
}

}  // namespace

BENCHMARK_CAPTURE(seal, vaes_avx512, aead::CpuLevel::VaesAvx512)->Arg(4096)->Arg(64);
BENCHMARK_CAPTURE(seal, avx2, aead::CpuLevel::Avx2)->Arg(4096)->Arg(64);
BENCHMARK_CAPTURE(seal, sse, aead::CpuLevel::Sse)->Arg(4096)->Arg(64);
BENCHMARK_CAPTURE(open, vaes_avx512, aead::CpuLevel::VaesAvx512)->Arg(4096);
BENCHMARK_CAPTURE(open, avx2, aead::CpuLevel::Avx2)->Arg(4096);
BENCHMARK_CAPTURE(open, sse, aead::CpuLevel::Sse)->Arg(4096);
BENCHMARK_CAPTURE(hash, sha_ni, aead::sha256_compress_sha_ni)->Arg(4096)->Arg(1 << 20);
BENCHMARK_CAPTURE(hash, portable, aead::sha256_compress_portable)->Arg(4096)->Arg(1 << 20);
BENCHMARK_CAPTURE(measure_page, sha_ni, aead::sha256_compress_sha_ni);
BENCHMARK_CAPTURE(measure_page, portable, aead::sha256_compress_portable);
BENCHMARK_MAIN();
