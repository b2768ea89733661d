#include "lib/attest/quote.h"

#include <algorithm>
#include <cstring>

#include "lib/base/endian.h"

namespace scone::attest {
namespace {

constexpr size_t kSgxBodySize = 384;
constexpr size_t kTd10BodySize = 584;
constexpr size_t kTd15BodySize = 648;
constexpr uint16_t kKeyTypeP256 = 2;

// Takes a byte string apart from the front; refuses to go past its end.
class Cursor {
  public:
    explicit Cursor(Bytes input) : rest_(input) {}

    Result<Bytes> bytes(size_t size) {
        if (size > rest_.size())
            return error(ErrorCode::QuoteTruncated, "quote ends too early",
                         offset_ + uint64_t{size});
        Bytes out = rest_.first(size);
        rest_ = rest_.subspan(size);
        offset_ += size;
        return out;
    }
    template <size_t N>
    Result<ByteArray<N>> array() {
        ByteArray<N> out;
        base::copy_bytes(out, SCONE_TRY(bytes(N)));
        return out;
    }
    Result<uint16_t> u16() { return base::load_le16(SCONE_TRY(bytes(2)).data()); }
    Result<uint32_t> u32() { return base::load_le32(SCONE_TRY(bytes(4)).data()); }
    Bytes rest() const { return rest_; }
    size_t offset() const { return offset_; }

  private:
    Bytes rest_;
    size_t offset_ = 0;
};

template <size_t N>
ByteArray<N> piece(Bytes body, size_t offset) {
    ByteArray<N> out;
    base::copy_bytes(out, body.subspan(offset, N));
    return out;
}

TdReport td_report_from(Bytes body) {
    TdReport report{};
    report.tee_tcb_svn = piece<16>(body, 0);
    report.mr_signer_seam = piece<48>(body, 64);
    report.seam_attributes = piece<8>(body, 112);
    report.td_attributes = piece<8>(body, 120);
    report.mr_td = piece<48>(body, 136);
    report.mr_config_id = piece<48>(body, 184);
    for (size_t i = 0; i < report.rtmr.size(); i++)
        report.rtmr[i] = piece<48>(body, 328 + 48 * i);
    report.report_data = piece<64>(body, 520);
    report.is_version_1_5 = body.size() == kTd15BodySize;
    if (report.is_version_1_5)
        report.tee_tcb_svn_2 = piece<16>(body, 584);
    return report;
}

Result<void> read_header(Cursor& cursor, Quote& quote) {
    quote.version = SCONE_TRY(cursor.u16());
    if (quote.version < 3 || quote.version > 5)
        return error(ErrorCode::QuoteUnsupported, "quote version is not 3, 4 or 5", quote.version);
    uint16_t key_type = SCONE_TRY(cursor.u16());
    if (key_type != kKeyTypeP256)
        return error(ErrorCode::QuoteUnsupported, "attestation key is not ECDSA P-256", key_type);
    uint32_t tee = SCONE_TRY(cursor.u32());
    if (quote.version == 3)
        tee = 0;  // reserved in version 3, which is SGX only
    if (tee != static_cast<uint32_t>(Tee::Sgx) && tee != static_cast<uint32_t>(Tee::Tdx))
        return error(ErrorCode::QuoteUnsupported, "TEE type is neither SGX nor TDX", tee);
    quote.tee = static_cast<Tee>(tee);
    SCONE_TRY(cursor.bytes(4));  // QE and PCE SVN in version 3, reserved later
    quote.qe_vendor_id = SCONE_TRY(cursor.array<16>());
    quote.user_data = SCONE_TRY(cursor.array<20>());
    return {};
}

// Size of the body that follows.
Result<size_t> read_body_size(Cursor& cursor, const Quote& quote) {
    if (quote.version < 5)
        return quote.tee == Tee::Sgx ? kSgxBodySize : kTd10BodySize;
    uint16_t type = SCONE_TRY(cursor.u16());
    uint32_t size = SCONE_TRY(cursor.u32());
    size_t expected = type == 1 ? kSgxBodySize : type == 2 ? kTd10BodySize : kTd15BodySize;
    bool fits_tee = (type == 1) == (quote.tee == Tee::Sgx);
    if (type < 1 || type > 3 || !fits_tee)
        return error(ErrorCode::QuoteUnsupported, "quote body type does not fit the TEE", type);
    if (size != expected)
        return error(ErrorCode::QuoteMalformed, "quote body has another size than its type", size);
    return expected;
}

Result<void> read_qe_report(Cursor& cursor, Quote& quote) {
    quote.qe_report_bytes = SCONE_TRY(cursor.array<384>());
    quote.qe_report_signature = SCONE_TRY(cursor.array<64>());
    uint16_t auth_size = SCONE_TRY(cursor.u16());
    if (auth_size > kMaxAuthDataSize)
        return error(ErrorCode::QuoteMalformed, "authentication data above 1 KiB", auth_size);
    Bytes auth_data = SCONE_TRY(cursor.bytes(auth_size));
    quote.auth_data.assign(auth_data.begin(), auth_data.end());
    return {};
}

Result<void> read_certification(Cursor& cursor, Quote& quote) {
    uint16_t type = SCONE_TRY(cursor.u16());
    if (type < 1 || type > 7)
        return error(ErrorCode::QuoteUnsupported, "unknown certification data type", type);
    Bytes data = SCONE_TRY(cursor.bytes(SCONE_TRY(cursor.u32())));
    quote.certification_type = static_cast<CertificationType>(type);
    quote.certification_data.assign(data.begin(), data.end());
    return {};
}

Result<void> expect_end(const Cursor& cursor, const char* text) {
    if (!cursor.rest().empty())
        return error(ErrorCode::QuoteMalformed, text, cursor.offset());
    return {};
}

Result<void> read_signature_data(Bytes data, Quote& quote) {
    Cursor cursor(data);
    quote.signature = SCONE_TRY(cursor.array<64>());
    quote.attestation_key = SCONE_TRY(cursor.array<64>());
    if (quote.version == 3) {
        SCONE_TRY(read_qe_report(cursor, quote));
        SCONE_TRY(read_certification(cursor, quote));
        return expect_end(cursor, "bytes after the certification data");
    }
    SCONE_TRY(read_certification(cursor, quote));
    SCONE_TRY(expect_end(cursor, "bytes after the certification data"));
    if (quote.certification_type != CertificationType::QeReport)
        return error(ErrorCode::QuoteMalformed, "expected QE report certification data",
                     static_cast<uint64_t>(quote.certification_type));
    std::vector<uint8_t> outer = std::move(quote.certification_data);
    Cursor inner(outer);
    SCONE_TRY(read_qe_report(inner, quote));
    SCONE_TRY(read_certification(inner, quote));
    if (quote.certification_type == CertificationType::QeReport)
        return error(ErrorCode::QuoteMalformed, "QE report certification data in itself");
    return expect_end(inner, "bytes after the inner certification data");
}

}  // namespace

sgx::ReportBody report_body_from(std::span<const uint8_t, 384> bytes) {
    sgx::ReportBody body;
    static_assert(sizeof body == 384);
    std::memcpy(&body, bytes.data(), sizeof body);
    return body;
}

ByteArray<16> Quote::qe_id() const {
    return piece<16>(user_data, 0);
}
sgx::ReportBody Quote::qe_report() const {
    return report_body_from(qe_report_bytes);
}

Result<Quote> parse_quote(Bytes bytes) {
    if (bytes.size() > kMaxQuoteSize)
        return error(ErrorCode::QuoteMalformed, "quote above 64 KiB", bytes.size());
    Quote quote;
    Cursor cursor(bytes);
    SCONE_TRY(read_header(cursor, quote));
    size_t body_size = SCONE_TRY(read_body_size(cursor, quote));
    Bytes body = SCONE_TRY(cursor.bytes(body_size));
    if (quote.tee == Tee::Sgx)
        quote.sgx_report = report_body_from(body.first<384>());
    else
        quote.td_report = td_report_from(body);
    Bytes covered = bytes.first(cursor.offset());
    quote.signed_bytes.assign(covered.begin(), covered.end());
    SCONE_TRY(read_signature_data(SCONE_TRY(cursor.bytes(SCONE_TRY(cursor.u32()))), quote));
    if (std::ranges::any_of(cursor.rest(), [](uint8_t byte) { return byte != 0; }))
        return error(ErrorCode::QuoteMalformed, "bytes other than padding after the quote",
                     cursor.offset());
    return quote;
}

}  // namespace scone::attest
