// What tells a database that was put back, or from which a record was taken, from the newest one.
//
// RecordSum is a keyed sum over all (name, version, sealed bytes): it changes in constant time when
// a record does, and nobody without the key can find another set of records with the same sum.
// RootFile keeps the root of the newest commit outside the database. It has two slots: one says
// which commit is about to be written, the other which one was. A crash between the two leaves a
// database that fits one of them; everything older fits none.
//
// Side:    host
// Layout:  slot (96 bytes, two of them): +0 u64 LE format (1)  +8 u64 LE sequence  +16 u8[32] root
//          +48 u64 LE kind (0 committed, 1 announced)  +56 8 bytes 0  +64 u8[32] HMAC-SHA-256 of
//          what precedes
// Errors:  Integrity, Failed (the file cannot be read or written)
// Threads: one thread at a time
// Source:  docs/formats/cas-store.md, "Roots"
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string_view>

#include "lib/base/secret.h"
#include "lib/crypto/aead.h"
#include "lib/crypto/hash.h"
#include "lib/text/failure.h"

namespace scone::cas {

using Digest = crypto::Sha256Digest;
using MacKey = base::Secret<32>;

// One record's part of the sum.
text::Outcome<Digest> record_part(const MacKey& key, std::string_view name, uint64_t version,
                                  base::Bytes sealed);

class RecordSum {
  public:
    void add(const Digest& part);
    void remove(const Digest& part);
    base::Bytes bytes() const { return sum_; }

  private:
    Digest sum_{};  // modulo 2^256, little endian
};

// The root of a commit: its sequence number, its records, and the root before it.
text::Outcome<Digest> root_of(const MacKey& key, uint64_t sequence, const RecordSum& sum,
                              uint64_t record_count, base::Bytes previous_root);

class RootFile {
  public:
    struct Root {
        uint64_t sequence = 0;
        Digest root{};
    };
    // The file must exist; Integrity when neither slot is whole.
    static text::Outcome<RootFile> open(const std::filesystem::path& path, const MacKey& key);
    static text::Outcome<RootFile> create(const std::filesystem::path& path, const MacKey& key,
                                          const Root& first);
    RootFile(RootFile&& other) noexcept;
    ~RootFile();

    // Fails with Integrity unless the database's root is the committed one, or the announced one.
    text::Outcome<void> check(const Root& database) const;
    // On the disk when it returns; must precede the database's commit.
    text::Outcome<void> announce(const Root& next);
    // After the database's commit; the system writes it to the disk at its leisure.
    text::Outcome<void> commit(const Root& done);

  private:
    RootFile(int descriptor, MacKey key) : descriptor_(descriptor), key_(std::move(key)) {}
    text::Outcome<void> write_slot(int slot, const Root& root);
    text::Outcome<std::optional<Root>> read_slot(int slot) const;

    int descriptor_;
    MacKey key_;
    std::optional<Root> committed_;
    std::optional<Root> announced_;
};

}  // namespace scone::cas
