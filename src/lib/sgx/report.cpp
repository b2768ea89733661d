#include "lib/sgx/report.h"

#include "lib/aead/cmac.h"
#include "lib/sgx/object_bytes_unsafe.h"
#include "lib/sgx/zeros.h"

namespace scone::sgx {
namespace {

aead::CmacTag report_mac(const ReportBody& body, std::span<const uint8_t, 16> key) {
    return aead::aes128_cmac(key, object_bytes(body));
}

}  // namespace

Result<Report> make_report(const SimulatedProcessor& processor, const EnclaveIdentity& enclave,
                           const TargetInfo& target, const base::ByteArray<64>& report_data,
                           const base::ByteArray<32>& key_id) {
    if (!all_zero(target.reserved_48) || !all_zero(target.reserved_56) ||
        !all_zero(target.reserved_128))
        return base::fail(Error{ErrorCode::Malformed, "a reserved byte of TARGETINFO is not zero"});
    Report report{};
    ReportBody& body = report.body;
    body.cpu_svn = processor.cpu_svn;
    body.misc_select = enclave.misc_select;
    body.isv_ext_prod_id = enclave.isv_ext_prod_id;
    body.attributes = enclave.attributes;
    body.mr_enclave = enclave.mr_enclave;
    body.mr_signer = enclave.mr_signer;
    body.config_id = enclave.config_id;
    body.isv_prod_id = enclave.isv_prod_id;
    body.isv_svn = enclave.isv_svn;
    body.config_svn = enclave.config_svn;
    body.isv_family_id = enclave.isv_family_id;
    body.report_data = report_data;
    report.key_id = key_id;
    DerivedKey key = report_key_of(processor, target, key_id);
    report.mac = report_mac(body, key.expose());
    return report;
}

Result<VerifiedReport> verify_report(const Report& report,
                                     std::span<const uint8_t, 16> report_key) {
    aead::CmacTag expected = report_mac(report.body, report_key);
    if (!base::equal_in_constant_time(expected, report.mac))
        return base::fail(
            Error{ErrorCode::BadMac, "the report was not made for this enclave on this processor"});
    VerifiedReport verified;
    verified.body_ = report.body;
    return verified;
}

TargetInfo target_info_of(const ReportBody& body) {
    TargetInfo target{};
    target.mr_enclave = body.mr_enclave;
    target.attributes = body.attributes;
    target.config_svn = body.config_svn;
    target.misc_select = body.misc_select;
    target.config_id = body.config_id;
    return target;
}

TargetInfo target_info_of(const EnclaveIdentity& enclave) {
    TargetInfo target{};
    target.mr_enclave = enclave.mr_enclave;
    target.attributes = enclave.attributes;
    target.config_svn = enclave.config_svn;
    target.misc_select = enclave.misc_select;
    target.config_id = enclave.config_id;
    return target;
}

}  // namespace scone::sgx
