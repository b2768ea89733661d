#include "lib/sgx/key_request.h"

#include "lib/aead/cmac.h"
#include "lib/sgx/attributes.h"
#include "lib/sgx/object_bytes_unsafe.h"
#include "lib/sgx/zeros.h"

namespace scone::sgx {
namespace {

// Everything a key depends on; what a key does not depend on is zero.
// docs/formats/enclave-image.md, "Simulated keys".
struct KeyDependencies {
    uint16_t key_name;
    uint16_t key_policy;
    uint16_t isv_prod_id;
    uint16_t isv_svn;
    uint16_t config_svn;
    uint8_t zero_10[6];
    base::ByteArray<16> owner_epoch;
    Attributes attributes;
    Attributes attribute_mask;
    Measurement256 mr_enclave;
    Measurement256 mr_signer;
    base::ByteArray<32> key_id;
    CpuSvn cpu_svn;
    uint32_t misc_select;
    uint32_t misc_mask;
    uint8_t zero_184[8];
    base::ByteArray<64> config_id;
    base::ByteArray<16> isv_family_id;
    base::ByteArray<16> isv_ext_prod_id;
};
static_assert(sizeof(KeyDependencies) == 288 && offsetof(KeyDependencies, owner_epoch) == 16 &&
              offsetof(KeyDependencies, mr_enclave) == 64 &&
              offsetof(KeyDependencies, cpu_svn) == 160 &&
              offsetof(KeyDependencies, config_id) == 192);

constexpr uint16_t kKnownPolicies = kKeypolicyMRENCLAVE | kKeypolicyMRSIGNER |
                                    kKeypolicyNOISVPRODID | kKeypolicyCONFIGID |
                                    kKeypolicyISVFAMILYID | kKeypolicyISVEXTPRODID;
constexpr uint16_t kKssPolicies =
    kKeypolicyNOISVPRODID | kKeypolicyCONFIGID | kKeypolicyISVFAMILYID | kKeypolicyISVEXTPRODID;
// SDM, EGETKEY, REQUIRED_SEALING_MASK: these always count.
constexpr uint64_t kRequiredSealingMask = kAttributeINIT | kAttributeDEBUG;

DerivedKey derive(const FuseKey& fuse_key, const KeyDependencies& dependencies) {
    aead::CmacTag tag = aead::aes128_cmac(fuse_key.expose(), object_bytes(dependencies));
    DerivedKey key{std::span<const uint8_t, 16>(tag)};
    base::wipe(tag.data(), tag.size());
    return key;
}

std::unexpected<Error> refused(const char* text, uint64_t sgx_error) {
    return base::fail(Error{ErrorCode::NotPermitted, text, sgx_error});
}

bool above(const CpuSvn& asked, const CpuSvn& current) {
    for (size_t i = 0; i < asked.size(); ++i)
        if (asked[i] > current[i])
            return true;
    return false;
}

Result<void> check_request(const EnclaveIdentity& enclave, const KeyRequest& request) {
    if (!all_zero(request.reserved_6) || !all_zero(request.reserved_78) ||
        (request.key_policy & ~kKnownPolicies) != 0)
        return base::fail(
            Error{ErrorCode::Malformed, "a reserved bit of KEYREQUEST is set", request.key_policy});
    if ((enclave.attributes.flags & kAttributeKSS) == 0 &&
        ((request.key_policy & kKssPolicies) != 0 || request.config_svn != 0))
        return base::fail(Error{ErrorCode::Malformed, "a key policy needs the KSS attribute",
                                request.key_policy});
    return {};
}

Result<void> check_versions(const SimulatedProcessor& processor, const EnclaveIdentity& enclave,
                            const KeyRequest& request) {
    if (above(request.cpu_svn, processor.cpu_svn))
        return refused("the key is for a newer CPUSVN", kSGX_INVALID_CPUSVN);
    if (request.isv_svn > enclave.isv_svn)
        return refused("the key is for a newer ISVSVN", kSGX_INVALID_ISVSVN);
    if (request.config_svn > enclave.config_svn)
        return refused("the key is for a newer CONFIGSVN", kSGX_INVALID_ISVSVN);
    return {};
}

// What the keys other than REPORT have in common.
KeyDependencies versioned(const EnclaveIdentity& enclave, const KeyRequest& request) {
    KeyDependencies d{};
    d.key_name = request.key_name;
    d.key_policy = request.key_policy;
    d.isv_svn = request.isv_svn;
    d.config_svn = request.config_svn;
    d.attribute_mask = request.attribute_mask;
    d.attributes.flags =
        enclave.attributes.flags & (request.attribute_mask.flags | kRequiredSealingMask);
    d.attributes.xfrm = enclave.attributes.xfrm & request.attribute_mask.xfrm;
    d.misc_mask = request.misc_mask;
    d.misc_select = enclave.misc_select & request.misc_mask;
    d.cpu_svn = request.cpu_svn;
    if ((request.key_policy & kKeypolicyNOISVPRODID) == 0)
        d.isv_prod_id = enclave.isv_prod_id;
    if ((request.key_policy & kKeypolicyCONFIGID) != 0)
        d.config_id = enclave.config_id;
    if ((request.key_policy & kKeypolicyISVFAMILYID) != 0)
        d.isv_family_id = enclave.isv_family_id;
    if ((request.key_policy & kKeypolicyISVEXTPRODID) != 0)
        d.isv_ext_prod_id = enclave.isv_ext_prod_id;
    return d;
}

Result<DerivedKey> seal_key(const SimulatedProcessor& processor, const EnclaveIdentity& enclave,
                            const KeyRequest& request) {
    SCONE_TRY(check_versions(processor, enclave, request));
    KeyDependencies d = versioned(enclave, request);
    d.owner_epoch = processor.owner_epoch;
    d.key_id = request.key_id;
    if ((request.key_policy & kKeypolicyMRENCLAVE) != 0)
        d.mr_enclave = enclave.mr_enclave;
    if ((request.key_policy & kKeypolicyMRSIGNER) != 0)
        d.mr_signer = enclave.mr_signer;
    return derive(processor.fuse_key, d);
}

// PROVISION and PROVISION_SEAL: bound to the signer and not to the owner.
Result<DerivedKey> provision_key(const SimulatedProcessor& processor,
                                 const EnclaveIdentity& enclave, const KeyRequest& request) {
    if ((enclave.attributes.flags & kAttributePROVISIONKEY) == 0)
        return refused("the enclave has not the PROVISIONKEY attribute", kSGX_INVALID_ATTRIBUTE);
    SCONE_TRY(check_versions(processor, enclave, request));
    KeyDependencies d = versioned(enclave, request);
    d.mr_signer = enclave.mr_signer;
    return derive(processor.fuse_key, d);
}

}  // namespace

Result<DerivedKey> get_key(const SimulatedProcessor& processor, const EnclaveIdentity& enclave,
                           const KeyRequest& request) {
    SCONE_TRY(check_request(enclave, request));
    switch (request.key_name) {
        case kKeySEAL:
            return seal_key(processor, enclave, request);
        case kKeyREPORT: {
            TargetInfo self{};
            self.mr_enclave = enclave.mr_enclave;
            self.attributes = enclave.attributes;
            self.misc_select = enclave.misc_select;
            self.config_id = enclave.config_id;
            self.config_svn = enclave.config_svn;
            return report_key_of(processor, self, request.key_id);
        }
        case kKeyPROVISION:
        case kKeyPROVISION_SEAL:
            return provision_key(processor, enclave, request);
        case kKeyEINITTOKEN:
            return refused("launch keys are not simulated", kSGX_INVALID_ATTRIBUTE);
        default:
            return refused("unknown KEYNAME", kSGX_INVALID_KEYNAME);
    }
}

DerivedKey report_key_of(const SimulatedProcessor& processor, const TargetInfo& target,
                         const base::ByteArray<32>& key_id) {
    KeyDependencies d{};
    d.key_name = kKeyREPORT;
    d.owner_epoch = processor.owner_epoch;
    d.attributes = target.attributes;
    d.mr_enclave = target.mr_enclave;
    d.misc_select = target.misc_select;
    d.config_id = target.config_id;
    d.config_svn = target.config_svn;
    d.cpu_svn = processor.cpu_svn;
    d.key_id = key_id;
    return derive(processor.fuse_key, d);
}

}  // namespace scone::sgx
