// EGETKEY in software: the key derivation of a simulated processor.
//
// Side:   both. Real keys come from the processor; this serves the simulated machine and its
//         quoting enclave. The fuse key stands for the secrets that never leave a package.
// Errors: Malformed (reserved bits: #GP), NotPermitted (number: the error code in RAX)
// Layout: the key is AES-128-CMAC under the fuse key over the key dependency block (288 bytes,
//         docs/formats/enclave-image.md, "Simulated keys")
// Source: Intel SDM volume 3D, EGETKEY
#pragma once

#include "lib/base/secret.h"
#include "lib/sgx/architecture.h"
#include "lib/sgx/sgx_error.h"

namespace scone::sgx {

using FuseKey = base::Secret<16>;
using DerivedKey = base::Secret<16>;

// What the processor knows of itself.
struct SimulatedProcessor {
    const FuseKey& fuse_key;
    CpuSvn cpu_svn;
    base::ByteArray<16> owner_epoch;
};

// The identity of the enclave that asks, as its SECS and (under KSS) SIGSTRUCT have it.
struct EnclaveIdentity {
    Attributes attributes{};
    uint32_t misc_select = 0;
    Measurement256 mr_enclave{};
    Measurement256 mr_signer{};
    base::ByteArray<64> config_id{};
    uint16_t config_svn = 0;
    uint16_t isv_prod_id = 0;
    uint16_t isv_svn = 0;
    base::ByteArray<16> isv_family_id{};
    base::ByteArray<16> isv_ext_prod_id{};
};

// EGETKEY: all checks of the instruction, then the key.
Result<DerivedKey> get_key(const SimulatedProcessor& processor, const EnclaveIdentity& enclave,
                           const KeyRequest& request);

// The REPORT key of the enclave that `target` names, with this KEYID: what EREPORT uses and what
// get_key gives to the target itself.
DerivedKey report_key_of(const SimulatedProcessor& processor, const TargetInfo& target,
                         const base::ByteArray<32>& key_id);

}  // namespace scone::sgx
