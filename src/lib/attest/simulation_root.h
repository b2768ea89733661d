// The root of simulated quotes. Its private key stands in the source: anyone can sign with it, and
// a quote under it proves nothing about hardware. It exists so that the whole path of attestation
// runs, with the same formats and checks, where there is no SGX.
//
// Side:    hosted
// Errors:  Library
#pragma once

#include "lib/attest/pck_chain.h"

namespace scone::attest {

inline constexpr const char* kSimulationCaName = "SCONE Simulation PCK CA";
inline constexpr const char* kSimulationPckName = "SCONE Simulation PCK Certificate";
// Takes the place of Intel's vendor id in the header of a simulated quote.
inline constexpr ByteArray<16> kSimulatedQeVendor{'S', 'C', 'O', 'N', 'E', '-', 'S', 'I',
                                                  'M', 'U', 'L', 'A', 'T', 'I', 'O', 'N'};

struct SimulationAuthority {
    crypto::Certificate certificate;
    crypto::PrivateKey key;
};
Result<SimulationAuthority> simulation_root();
Result<SimulationAuthority> simulation_pck_ca();
Result<TrustAnchor> simulation_trust_anchor();

}  // namespace scone::attest
