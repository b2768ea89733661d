// Asks Intel's AESM service for ECDSA quotes.
//
// Side:    host
// Limits:  answers of at most 256 KiB, 10 s each; one connection for each request, as AESM expects
// Errors:  a text: what AESM was asked for, and its error code or what failed
// Threads: may be used by several threads at once
// Source:  Intel SGX PSW, psw/ae/aesm_service; SGX quote library, attestation key ids
#pragma once

#include <string>
#include <vector>

#include "lib/base/result.h"
#include "services/las/aesm_message.h"

namespace scone::las {

template <class T>
using AesmResult = base::Result<T, std::string>;

inline constexpr size_t kAttestationKeyIdSize = 256;
using AttestationKeyId = std::vector<uint8_t>;  // kAttestationKeyIdSize bytes

class AesmClient {
  public:
    explicit AesmClient(std::string socket_path) : socket_path_(std::move(socket_path)) {}

    // The id of Intel's quoting enclave with ECDSA P-256 among those that AESM offers.
    AesmResult<AttestationKeyId> select_key() const;
    // Makes the attestation key ready; TARGETINFO of the quoting enclave (512 bytes).
    AesmResult<std::vector<uint8_t>> init_quote(const AttestationKeyId& key) const;
    AesmResult<std::vector<uint8_t>> get_quote(const AttestationKeyId& key,
                                               base::Bytes report) const;

  private:
    AesmResult<std::vector<uint8_t>> exchange(base::Bytes request) const;
    // Sends sub-message `number`; the fields of the answer's, once its error code is 0. The bytes
    // that the fields point into come back in `storage`.
    AesmResult<std::vector<AesmField>> call(uint32_t number, AesmWriter& request, const char* doing,
                                            std::vector<uint8_t>& storage) const;

    std::string socket_path_;
};

}  // namespace scone::las
