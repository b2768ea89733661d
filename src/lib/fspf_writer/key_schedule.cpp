#include "lib/fspf_writer/key_schedule.h"

#include "lib/base/endian.h"
#include "lib/crypto/hash.h"
#include "lib/crypto/kdf.h"
#include "lib/crypto/random.h"

namespace scone::fspf {
namespace {

Result<void> random_bytes(base::MutableBytes out) {
    if (!crypto::fill_random(out))
        return fail(ErrorCode::Host, "the system has no random bytes");
    return {};
}

Result<void> derive(const Key& from, std::string_view label, base::MutableBytes out) {
    if (!crypto::hkdf_sha256(from.expose(), {}, base::as_bytes(label), out))
        return fail(ErrorCode::Host, "a key could not be derived");
    return {};
}

Nonce cut(const crypto::Sha256Digest& digest) {
    Nonce nonce;
    base::copy_bytes(nonce.bytes, digest);
    return nonce;
}

}  // namespace

Result<std::unique_ptr<KeySchedule>> KeySchedule::create(const std::optional<Key>& seed) {
    auto keys = std::make_unique<KeySchedule>();
    if (!seed) {
        SCONE_TRY(random_bytes(keys->volume_id_));
        SCONE_TRY(random_bytes(keys->file_system_key_.expose_mutable()));
        SCONE_TRY(random_bytes(keys->authenticator_.expose_mutable()));
        return keys;
    }
    keys->seeded_ = true;
    SCONE_TRY(derive(*seed, "scone fspf 1 volume id", keys->volume_id_));
    SCONE_TRY(derive(*seed, "scone fspf 1 key", keys->file_system_key_.expose_mutable()));
    SCONE_TRY(derive(*seed, "scone fspf 1 authenticator", keys->authenticator_.expose_mutable()));
    SCONE_TRY(derive(*seed, "scone fspf 1 content", keys->content_root_.expose_mutable()));
    SCONE_TRY(derive(*seed, "scone fspf 1 nonce", keys->nonce_key_.expose_mutable()));
    return keys;
}

Result<Key> KeySchedule::content_key(std::string_view path) const {
    Key key;
    if (seeded_)
        SCONE_TRY(derive(content_root_, path, key.expose_mutable()));
    else
        SCONE_TRY(random_bytes(key.expose_mutable()));
    return key;
}

Nonce KeySchedule::content_nonce(Protection protection, std::string_view path, uint64_t sequence,
                                 uint64_t index, base::Bytes plain) const {
    if (seeded_) {
        uint8_t place[16];
        base::store_le64(place, path.size());
        base::store_le64(place + 8, index);
        return cut(
            crypto::sha256_of_parts({nonce_key_.expose(), place, base::as_bytes(path), plain}));
    }
    Nonce nonce;
    // Index + 1 keeps the nonce of block 0 from being all zero, which would be half a hole.
    base::store_le64(nonce.bytes.data(), protection == Protection::Encrypted ? 0 : sequence);
    base::store_le32(nonce.bytes.data() + 8, static_cast<uint32_t>(index + 1));
    return nonce;
}

Nonce KeySchedule::page_nonce(uint64_t page, base::Bytes payload) const {
    uint8_t place[8];
    base::store_le64(place, page);
    if (seeded_)
        return cut(
            crypto::sha256_of_parts({nonce_key_.expose(), base::as_bytes("page"), place, payload}));
    Nonce nonce;
    base::copy_bytes(nonce.bytes, place);
    return nonce;
}

}  // namespace scone::fspf
