// MRENCLAVE: the hash of how an enclave was built.
//
// Side:    both
// Errors:  those of for_each_load_page (measure_enclave)
// Threads: one object, one thread
// Source:  Intel SDM volume 3D, ECREATE, EADD, EEXTEND
#pragma once

#include <cstdint>
#include <span>

#include "lib/aead/sha256.h"
#include "lib/sgx/architecture.h"
#include "lib/sgx/sgx_error.h"

namespace scone::sgx {

inline constexpr uint64_t kExtendSize = 256;

class Measurement {
  public:
    // ECREATE. The base address is not measured.
    Measurement(uint64_t enclave_size, uint32_t ssa_frame_pages,
                aead::Sha256Compress compress = aead::sha256_compress_portable);

    // EADD: the page at `offset` from the enclave's base, with SECINFO.FLAGS.
    void add_page(uint64_t offset, uint64_t secinfo_flags);
    // EEXTEND of 256 bytes at `offset`.
    void extend(uint64_t offset, std::span<const uint8_t, kExtendSize> chunk);
    // EEXTEND of all 16 chunks of a page.
    void extend_page(uint64_t offset, std::span<const uint8_t, 4096> page);
    // MRENCLAVE. To be called once.
    Measurement256 finish() { return hash_.finish(); }

  private:
    aead::Sha256 hash_;
};

// MRENCLAVE of one of our enclave images with a settings page (enclave_layout.h).
// `settings` are the encoded pages, a multiple of 4096 bytes.
Result<Measurement256> measure_enclave(
    base::Bytes image, base::Bytes settings,
    aead::Sha256Compress compress = aead::sha256_compress_portable);

}  // namespace scone::sgx
