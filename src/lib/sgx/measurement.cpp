#include "lib/sgx/measurement.h"

#include "lib/base/endian.h"
#include "lib/sgx/enclave_layout.h"

namespace scone::sgx {
namespace {

// The first field of each record, as the SDM prints it.
constexpr uint64_t kTagECREATE = 0x0045544145524345;
constexpr uint64_t kTagEADD = 0x0000000044444145;
constexpr uint64_t kTagEEXTEND = 0x00444E4554584545;
constexpr size_t kRecordSize = 64;

}  // namespace

Measurement::Measurement(uint64_t enclave_size, uint32_t ssa_frame_pages,
                         aead::Sha256Compress compress)
    : hash_(compress) {
    uint8_t record[kRecordSize] = {};
    base::store_le64(record, kTagECREATE);
    base::store_le32(record + 8, ssa_frame_pages);
    base::store_le64(record + 12, enclave_size);
    hash_.update(record);
}

void Measurement::add_page(uint64_t offset, uint64_t secinfo_flags) {
    uint8_t record[kRecordSize] = {};
    base::store_le64(record, kTagEADD);
    base::store_le64(record + 8, offset);
    base::store_le64(record + 16, secinfo_flags);  // and 40 zero bytes of SECINFO
    hash_.update(record);
}

void Measurement::extend(uint64_t offset, std::span<const uint8_t, kExtendSize> chunk) {
    uint8_t record[kRecordSize] = {};
    base::store_le64(record, kTagEEXTEND);
    base::store_le64(record + 8, offset);
    hash_.update(record);
    hash_.update(chunk);
}

void Measurement::extend_page(uint64_t offset, std::span<const uint8_t, 4096> page) {
    for (size_t at = 0; at < page.size(); at += kExtendSize)
        extend(offset + at, std::span<const uint8_t, kExtendSize>(page.data() + at, kExtendSize));
}

Result<Measurement256> measure_enclave(base::Bytes image, base::Bytes settings,
                                       aead::Sha256Compress compress) {
    EnclaveLayout layout = SCONE_TRY(read_enclave_layout(image, settings));
    Measurement measurement(layout.elrange_size, kSsaFramePages, compress);
    auto measure = [&](const LoadPage& page) -> Result<void> {
        measurement.add_page(page.offset, page.secinfo_flags);
        if (page.measured == Measured::Yes)
            measurement.extend_page(page.offset, page.content);
        return {};
    };
    SCONE_TRY(for_each_load_page(image, settings, measure));
    return measurement.finish();
}

}  // namespace scone::sgx
