// Test support: EREPORT of an enclave on the simulated processor.
#pragma once

#include <cstring>

#include "lib/sgx/attributes.h"
#include "lib/sgx/report.h"
#include "lib/sgx/simulated_processor.h"

namespace scone::test {

inline constexpr uint8_t kMeasurementByte = 0x5a;

// A ReportFunction; `context` is the sgx::FuseKey of the machine.
inline bool simulated_report(void* context, std::span<const uint8_t, 512> target_info,
                             std::span<const uint8_t, 64> data, std::span<uint8_t, 432> report) {
    sgx::TargetInfo target;
    std::memcpy(&target, target_info.data(), sizeof target);
    sgx::EnclaveIdentity identity;
    identity.attributes = {sgx::kAttributeINIT | sgx::kAttributeMODE64BIT, sgx::kXfrmLegacy};
    identity.mr_enclave.fill(kMeasurementByte);
    base::ByteArray<64> bytes;
    base::copy_bytes(bytes, data);
    auto made = sgx::make_report(
        {*static_cast<sgx::FuseKey*>(context), sgx::kSimulatedCpuSvn, sgx::kSimulatedOwnerEpoch},
        identity, target, bytes, {4});
    if (!made)
        return false;
    std::memcpy(report.data(), &*made, sizeof *made);
    return true;
}

}  // namespace scone::test
