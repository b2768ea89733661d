// Seals the content of one file as it streams by.
#include "lib/fspf_writer/key_schedule.h"
#include "lib/fspf_writer/object.h"

namespace scone::fspf {
namespace {

constexpr uint64_t kStreamSize = 64 * kBlockSize;

// Fills `out` unless the source ends before.
Result<size_t> read_fully(ContentSource& source, base::MutableBytes out) {
    size_t size = 0;
    while (size < out.size()) {
        size_t got = SCONE_TRY(source.read(out.subspan(size)));
        if (got == 0)
            break;
        if (got > out.size() - size)
            return fail(ErrorCode::Host, "a source gave more than was asked for", got);
        size += got;
    }
    return size;
}

}  // namespace

Result<void> Writer::seal_content(Object& object, std::string_view path, uint64_t sequence,
                                  uint64_t size, ContentSource& source, ContentSink* sink) const {
    if (size > kMaxFileSize)
        return fail(ErrorCode::TooLarge, "file is larger than 16 TiB", size);
    aead::GcmKeyContext context;
    const bool encrypted = object.protection == Protection::Encrypted;
    if (encrypted && !sink)
        return fail(ErrorCode::Host, "encrypted content needs a place to be written to");
    if (encrypted)
        object.content_key = SCONE_TRY(keys_->content_key(path));
    aead::gcm_set_key(cipher_, encrypted ? object.content_key : keys_->authenticator(), context);

    std::vector<uint8_t> plain(std::min(size, kStreamSize));
    std::vector<uint8_t> sealed(encrypted ? plain.size() : 0);
    object.blocks.reserve(block_count(size));
    uint64_t done = 0;
    while (done < size) {
        uint64_t hole = SCONE_TRY(source.skip_hole());
        if (hole > size - done || (hole % kBlockSize != 0 && hole != size - done))
            return fail(ErrorCode::Host, "a source skipped a part of a block", hole);
        if (hole > 0) {
            object.blocks.resize(object.blocks.size() + block_count(hole));
            if (sink)
                SCONE_TRY(sink->skip(hole));
            done += hole;
            continue;
        }
        base::MutableBytes part =
            base::MutableBytes(plain).first(std::min(size - done, kStreamSize));
        size_t got = SCONE_TRY(read_fully(source, part));
        if (got != part.size())
            return fail(ErrorCode::Host, "a file is shorter than it was said to be", done + got);
        for (size_t at = 0; at < part.size(); at += kBlockSize) {
            base::MutableBytes block = part.subspan(at, std::min(kBlockSize, part.size() - at));
            Nonce nonce = keys_->content_nonce(object.protection, path, sequence,
                                               object.blocks.size(), block);
            base::MutableBytes out = encrypted
                                         ? base::MutableBytes(sealed).subspan(at, block.size())
                                         : base::MutableBytes();
            object.blocks.push_back(
                seal_block(cipher_, context, object.protection, nonce, block, out));
        }
        if (sink)
            SCONE_TRY(sink->write(encrypted ? base::Bytes(sealed).first(part.size()) : part));
        done += part.size();
    }
    uint8_t more;
    if (SCONE_TRY(source.read({&more, 1})) != 0)
        return fail(ErrorCode::Host, "a file is longer than it was said to be", size);
    object.size = size;
    base::wipe(plain.data(), plain.size());
    return {};
}

}  // namespace scone::fspf
