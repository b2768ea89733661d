#include "tools/oci/gzip.h"

#include <fmt/format.h>
#include <isa-l/crc.h>

#include "lib/base/endian.h"

namespace scone::oci {
namespace {

constexpr size_t kBufferSize = 256 * 1024;
constexpr size_t kMaxStored = 65535;  // RFC 1951, 3.2.4: the length has 16 bits

}  // namespace

GzipSource::GzipSource(std::unique_ptr<ByteSource> inner, std::string name)
    : inner_(std::move(inner)),
      name_(std::move(name)),
      state_(std::make_unique<inflate_state>()),
      input_(kBufferSize) {
    isal_inflate_init(state_.get());
    state_->crc_flag = ISAL_GZIP;
    state_->avail_in = 0;
}

GzipSource::~GzipSource() = default;

Outcome<size_t> GzipSource::read(MutableBytes out) {
    const auto out_size = static_cast<uint32_t>(std::min<size_t>(out.size(), 1U << 30));
    state_->next_out = out.data();
    state_->avail_out = out_size;
    while (!ended_ && state_->avail_out == out_size) {
        if (state_->avail_in == 0 && !inner_ended_) {
            const size_t count = SCONE_TRY(inner_->read(input_));
            inner_ended_ = count == 0;
            state_->next_in = input_.data();
            state_->avail_in = static_cast<uint32_t>(count);
        }
        if (!in_member_) {
            if (state_->avail_in == 0 && inner_ended_) {
                ended_ = true;
                break;
            }
            in_member_ = true;
        }
        const uint32_t input_before = state_->avail_in;
        const int status = isal_inflate(state_.get());
        if (status != ISAL_DECOMP_OK && status != ISAL_END_INPUT && status != ISAL_OUT_OVERFLOW)
            return failure(ExitCode::InvalidInput,
                           fmt::format("{} is not sound gzip (ISA-L status {})", name_, status));
        if (state_->block_state == ISAL_BLOCK_FINISH) {
            // RFC 1952, 2.2: members follow each other without anything between.
            uint8_t* const next_in = state_->next_in;
            const uint32_t avail_in = state_->avail_in;
            uint8_t* const next_out = state_->next_out;
            const uint32_t avail_out = state_->avail_out;
            isal_inflate_reset(state_.get());
            state_->crc_flag = ISAL_GZIP;
            state_->next_in = next_in;
            state_->avail_in = avail_in;
            state_->next_out = next_out;
            state_->avail_out = avail_out;
            in_member_ = false;
        } else if (inner_ended_ && input_before == 0 && state_->avail_out == out_size) {
            return failure(ExitCode::InvalidInput,
                           fmt::format("{} ends within its gzip data", name_));
        }
    }
    return static_cast<size_t>(out_size - state_->avail_out);
}

GzipSink::GzipSink(std::unique_ptr<ByteSink> inner)
    : inner_(std::move(inner)),
      stream_(std::make_unique<isal_zstream>()),
      level_buffer_(ISAL_DEF_LVL2_DEFAULT),
      output_(kBufferSize) {
    isal_deflate_init(stream_.get());
    stream_->level = 2;
    stream_->level_buf = level_buffer_.data();
    stream_->level_buf_size = static_cast<uint32_t>(level_buffer_.size());
    stream_->gzip_flag = IGZIP_DEFLATE;
}

GzipSink::~GzipSink() = default;

Outcome<void> GzipSink::write_header() {
    if (header_written_)
        return {};
    header_written_ = true;
    // RFC 1952, 2.3: magic, deflate, no flags, no time, no extra flags, unknown system.
    static constexpr uint8_t kHeader[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
    return inner_->write(kHeader);
}

Outcome<void> GzipSink::deflate(Bytes data, uint16_t flush, bool last) {
    // SAFETY: ISA-L's input pointer is not const, but it only reads.
    stream_->next_in = const_cast<uint8_t*>(data.data());
    stream_->avail_in = static_cast<uint32_t>(data.size());
    stream_->flush = flush;
    stream_->end_of_stream = last ? 1 : 0;
    do {
        stream_->next_out = output_.data();
        stream_->avail_out = static_cast<uint32_t>(output_.size());
        if (const int status = isal_deflate(stream_.get()); status != COMP_OK)
            return failure(ExitCode::Failed, fmt::format("compression failed (ISA-L {})", status));
        const size_t produced = output_.size() - stream_->avail_out;
        if (produced > 0)
            if (auto ok = inner_->write(Bytes(output_).first(produced)); !ok)
                return ok;
    } while (stream_->avail_out == 0 || stream_->avail_in > 0);
    return {};
}

Outcome<void> GzipSink::store(Bytes data) {
    while (!data.empty()) {
        const Bytes piece = data.first(std::min(data.size(), kMaxStored));
        uint8_t header[5] = {0};  // BFINAL 0, BTYPE 00, then the length and its complement
        base::store_le16(header + 1, static_cast<uint16_t>(piece.size()));
        base::store_le16(header + 3, static_cast<uint16_t>(~piece.size()));
        SCONE_TRY(inner_->write(header));
        SCONE_TRY(inner_->write(piece));
        data = data.subspan(piece.size());
    }
    return {};
}

Outcome<void> GzipSink::set_packing(Packing packing) {
    if (packing == packing_)
        return {};
    if (packing == Packing::Store && block_open_) {
        // A full flush ends at a byte boundary and forgets the history, so raw blocks may follow.
        SCONE_TRY(deflate({}, FULL_FLUSH, false));
        block_open_ = false;
    }
    packing_ = packing;
    return {};
}

Outcome<void> GzipSink::write(Bytes data) {
    SCONE_TRY(write_header());
    crc_ = crc32_gzip_refl(crc_, data.data(), data.size());
    size_ += data.size();
    if (packing_ == Packing::Store)
        return store(data);
    while (!data.empty()) {
        const Bytes piece = data.first(std::min<size_t>(data.size(), 1U << 30));
        SCONE_TRY(deflate(piece, NO_FLUSH, false));
        block_open_ = true;
        data = data.subspan(piece.size());
    }
    return {};
}

Outcome<void> GzipSink::finish() {
    SCONE_TRY(write_header());
    SCONE_TRY(deflate({}, NO_FLUSH, true));
    uint8_t trailer[8];
    base::store_le32(trailer, crc_);
    base::store_le32(trailer + 4, static_cast<uint32_t>(size_));
    SCONE_TRY(inner_->write(trailer));
    return inner_->finish();
}

}  // namespace scone::oci
