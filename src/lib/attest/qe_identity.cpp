#include "lib/attest/qe_identity.h"

#include "lib/base/endian.h"

namespace scone::attest {
namespace {

// Written as a big-endian number: miscselect "00000001" is 1.
uint32_t number_of(const ByteArray<4>& bytes) {
    return base::load_be32(bytes.data());
}

}  // namespace

Result<QeIdentity> parse_qe_identity(std::string_view signed_bytes) {
    constexpr const char* kId = "id: expected QE or TD_QE";
    text::Json object = SCONE_TRY(parse_inner(signed_bytes));
    QeIdentity out;
    std::string_view id = SCONE_TRY(text_field(object, "id", kId));
    if (id != "QE" && id != "TD_QE")
        return error(ErrorCode::CollateralMalformed, kId);
    out.tee = id == "TD_QE" ? Tee::Tdx : Tee::Sgx;
    uint64_t version =
        SCONE_TRY(number_field(object, "version", 2, "version: expected the integer 2"));
    if (version != 2)
        return error(ErrorCode::CollateralMalformed, "version: expected the integer 2", version);
    out.validity = SCONE_TRY(validity_fields(object));
    out.misc_select =
        SCONE_TRY(hex_field<4>(object, "miscselect", "miscselect: expected 8 hexadecimal digits"));
    out.misc_select_mask = SCONE_TRY(
        hex_field<4>(object, "miscselectMask", "miscselectMask: expected 8 hexadecimal digits"));
    out.attributes = SCONE_TRY(
        hex_field<16>(object, "attributes", "attributes: expected 32 hexadecimal digits"));
    out.attributes_mask = SCONE_TRY(
        hex_field<16>(object, "attributesMask", "attributesMask: expected 32 hexadecimal digits"));
    out.mr_signer =
        SCONE_TRY(hex_field<32>(object, "mrsigner", "mrsigner: expected 64 hexadecimal digits"));
    out.isv_prod_id = static_cast<uint16_t>(SCONE_TRY(
        number_field(object, "isvprodid", 0xffff, "isvprodid: expected an integer to 65535")));
    out.levels = SCONE_TRY(isv_levels_field(object));
    return out;
}

Result<const IsvLevel*> match_qe(const QeIdentity& identity, const sgx::ReportBody& qe_report) {
    // EnclaveReportVerifier: MISCSELECT, ATTRIBUTES, MRSIGNER, ISVPRODID, then ISVSVN.
    if ((qe_report.misc_select & number_of(identity.misc_select_mask)) !=
        number_of(identity.misc_select))
        return error(ErrorCode::QeIdentityMismatch, "quoting enclave has another MISCSELECT",
                     qe_report.misc_select);
    ByteArray<16> attributes;
    base::store_le64(attributes.data(), qe_report.attributes.flags);
    base::store_le64(attributes.data() + 8, qe_report.attributes.xfrm);
    for (size_t i = 0; i < attributes.size(); i++)
        if ((attributes[i] & identity.attributes_mask[i]) != identity.attributes[i])
            return error(ErrorCode::QeIdentityMismatch, "quoting enclave has other ATTRIBUTES", i);
    if (qe_report.mr_signer != identity.mr_signer)
        return error(ErrorCode::QeIdentityMismatch, "quoting enclave is signed by another signer");
    if (qe_report.isv_prod_id != identity.isv_prod_id)
        return error(ErrorCode::QeIdentityMismatch, "quoting enclave has another ISVPRODID",
                     qe_report.isv_prod_id);
    for (const IsvLevel& level : identity.levels)
        if (level.isv_svn <= qe_report.isv_svn)
            return &level;
    return error(ErrorCode::TcbNotSupported,
                 "quoting enclave is older than every level of its identity", qe_report.isv_svn);
}

}  // namespace scone::attest
