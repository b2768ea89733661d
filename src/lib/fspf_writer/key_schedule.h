// The keys and nonces of one file system that is being built.
//
// Without a seed keys are random and nonces count: a content key and a file key seal one file each,
// the authenticator gets a fresh sequence number per file. With a seed, keys are derived from it
// and nonces are SHA-256 of (nonce key, place, content), cut to 12 bytes: a nonce comes again only
// with the same content at the same place.
//
// Side:    hosted
// Threads: const functions may run in parallel
// Source:  docs/formats/fspf.md, section 7
#pragma once

#include <memory>
#include <optional>

#include "lib/fspf/format.h"

namespace scone::fspf {

class KeySchedule {
  public:
    static Result<std::unique_ptr<KeySchedule>> create(const std::optional<Key>& seed);

    bool is_seeded() const { return seeded_; }
    const VolumeId& volume_id() const { return volume_id_; }
    const Key& file_system_key() const { return file_system_key_; }
    const Key& authenticator() const { return authenticator_; }
    // Of a file system that is continued.
    void take_authenticator(const Key& key) { authenticator_ = key.duplicate(); }

    Result<Key> content_key(std::string_view path) const;
    Nonce content_nonce(Protection protection, std::string_view path, uint64_t sequence,
                        uint64_t index, base::Bytes plain) const;
    Nonce page_nonce(uint64_t page, base::Bytes payload) const;

  private:
    bool seeded_ = false;
    VolumeId volume_id_{};
    Key file_system_key_;
    Key authenticator_;
    Key content_root_;  // seeded only, as the next
    Key nonce_key_;
};

}  // namespace scone::fspf
