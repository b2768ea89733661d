// The audit log: one JSON object a line, each signed over itself and the line before.
//
// Side:    host
// Layout:  {"sequence":N,"time":"2026-01-31T10:00:00Z","event":"...", fields..., "previous":"<128
//          hex digits>","signature":"<128 hex digits>"}; the signature (Ed25519) covers the line's
//          text before ,"signature"
// Limits:  1 MiB for a line
// Errors:  Failed (the file cannot be written: then the operation that it tells of must not
// happen),
//          Integrity (at open: the file was cut or changed)
// Threads: safe
// Source:  docs/formats/cas-store.md, "Audit log"
#pragma once

#include <filesystem>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "lib/crypto/key.h"
#include "services/cas/store.h"

namespace scone::cas {

class AuditLog {
  public:
    // Continues the file. `head`, if given, is the entry that must be in it (AuditHead::text()).
    static text::Outcome<AuditLog> open(const std::filesystem::path& path, crypto::PrivateKey key,
                                        std::string_view head);
    AuditLog(AuditLog&& other) noexcept;
    ~AuditLog();

    using Field = std::pair<const char*, std::string_view>;
    // No secret may stand in a field. Written to the file, not yet to the disk.
    text::Outcome<void> append(const char* event, std::initializer_list<Field> fields);
    // Newest sequence number and signature, for a record that notices a log that was cut.
    std::string head();

  private:
    AuditLog(int descriptor, crypto::PrivateKey key)
        : descriptor_(descriptor), key_(std::move(key)) {}
    text::Outcome<void> read_to_end(const std::filesystem::path& path, std::string_view head);

    std::mutex mutex_;
    int descriptor_;
    crypto::PrivateKey key_;
    bool is_torn_ = false;  // a part of an entry could be written, and not be taken away
    uint64_t sequence_ = 0;
    std::string signature_ = std::string(128, '0');
};

// Checks every line of a log against the key; the number of lines, or the first that does not fit.
text::Outcome<uint64_t> verify_audit_log(std::string_view content, const crypto::PublicKey& key);

}  // namespace scone::cas
