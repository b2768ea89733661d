// Named records that CAS keeps: the narrow interface above which nobody knows the database.
//
// Side:    host
// Names:   "session/a/b", "volume/a/b/data": see docs/formats/cas-store.md
// Errors:  Conflict (a record has another version than expected), Integrity (a record was changed,
//          swapped or put back), Failed (the database cannot read or write)
// Threads: safe; commits of several threads share one write to the disk
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/crypto/secret_bytes.h"
#include "lib/text/failure.h"

namespace scone::cas {

struct Record {
    uint64_t version = 0;  // 1 for the first; grows by one at each change
    crypto::SecretBytes value = {};
};

// One step of a transaction: the record must have the version (0: must not exist); then it gets the
// value. Without a value it is only checked.
struct RecordChange {
    std::string name;
    uint64_t expected_version = 0;
    std::optional<crypto::SecretBytes> value = {};
};

class Store {
  public:
    virtual ~Store() = default;
    // nullopt when there is none.
    virtual text::Outcome<std::optional<Record>> get(const std::string& name) = 0;
    // 0 when there is none. Reads no disk.
    virtual uint64_t version_of(const std::string& name) = 0;
    // All or nothing, durable when it returns. On Conflict `what` names the record.
    virtual text::Outcome<void> commit(std::vector<RecordChange> changes) = 0;
    // Names that begin with the prefix, sorted.
    virtual std::vector<std::string> list(const std::string& prefix) = 0;
};

}  // namespace scone::cas
