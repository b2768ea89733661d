// One block of content: sealing and opening it with its entry in the tag tree.
//
// Encrypted blocks are AES-256-GCM under the file's own key, the cipher text as long as the plain
// text. Authenticated blocks stay in clear; their tag is GMAC under the volume's authenticator.
// Which file and which position a block belongs to follows from where its entry stands in the
// authenticated tree, so nothing else is bound.
//
// Side:    core
// Errors:  Corrupt (the bytes are not those that were sealed; the output is wiped)
// Threads: pure functions; see aes_gcm.h about vector state
// Source:  docs/formats/fspf.md, section 6
#pragma once

#include "lib/fspf/format.h"

namespace scone::fspf {

// Makes the nonce and the tag belong to `plain` and writes to `out` what is to be stored.
// Authenticated content is not copied: `out` may be empty. Preconditions: plain.size() <=
// kBlockSize; out equals plain or is disjoint and as long.
BlockEntry seal_block(const aead::AesGcm256& cipher, const aead::GcmKeyContext& key,
                      Protection protection, const Nonce& nonce, base::Bytes plain,
                      base::MutableBytes out);

// Verifies `data` in place: on success it holds the plain text. Preconditions: `data` lies in
// memory that the host cannot change; the entry is not a hole.
Result<void> open_block(const aead::AesGcm256& cipher, const aead::GcmKeyContext& key,
                        Protection protection, const BlockEntry& entry, base::MutableBytes data);

}  // namespace scone::fspf
