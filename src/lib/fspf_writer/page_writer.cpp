#include "lib/fspf_writer/page_writer.h"

namespace scone::fspf {

PageWriter::PageWriter(const aead::AesGcm256& cipher, const KeySchedule& keys)
    : cipher_(cipher), keys_(keys), pages_(kPageSize) {
    aead::gcm_set_key(cipher, keys.file_system_key(), context_);
}

PageRef PageWriter::append(std::span<const uint8_t, kPagePayloadSize> payload) {
    PageRef ref;
    ref.page = pages_.size() / kPageSize;
    Nonce nonce = keys_.page_nonce(ref.page, payload);
    pages_.resize(pages_.size() + kPageSize);
    base::MutableBytes out = base::MutableBytes(pages_).last(kPageSize);
    base::copy_bytes(out, nonce.bytes);
    // gcm_seal refuses only sizes far above a page.
    ref.tag = SCONE_MUST(aead::gcm_seal(cipher_, context_, nonce,
                                        page_binding(keys_.volume_id(), ref.page), payload,
                                        out.subspan(kNonceSize)));
    return ref;
}

std::vector<uint8_t> PageWriter::finish(Header& header, const RootRecord& root) {
    header.page_count = pages_.size() / kPageSize;
    header.volume_id = keys_.volume_id();
    base::ByteArray<kPageSize> plain{};
    base::MutableBytes record = base::MutableBytes(plain).subspan(kHeaderSize);
    encode_root(root, record.first<kRootRecordSize>());
    encode_header(header, std::span(plain).first<kHeaderSize>());
    header.nonce = keys_.page_nonce(0, plain);
    encode_header(header, std::span(plain).first<kHeaderSize>());

    base::MutableBytes page = base::MutableBytes(pages_).first(kPageSize);
    header.tag = SCONE_MUST(aead::gcm_seal(cipher_, context_, header.nonce,
                                           base::Bytes(plain).first(kHeaderTagOffset), record,
                                           page.subspan(kHeaderSize)));
    encode_header(header, page.first<kHeaderSize>());
    base::wipe(plain.data(), plain.size());
    return std::move(pages_);
}

}  // namespace scone::fspf
