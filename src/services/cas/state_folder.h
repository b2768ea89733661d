// The folder that holds CAS's state: who may see it, who uses it, and its small files.
//
// Side:    host
// Layout:  cas.db (SQLite), cas.key (0600), cas.root, cas.lock, audit.log, ca/*.crt
// Errors:  Conflict (another CAS uses it), Denied (no permission), InvalidInput (a file is not what
//          it should be), Failed
// Source:  docs/formats/cas-store.md
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "lib/base/secret.h"
#include "lib/crypto/secret_bytes.h"
#include "lib/text/failure.h"

namespace scone::cas {

using MasterKey = base::Secret<32>;

// Holds the folder for one process: a lock on cas.lock, released when the process ends.
class StateFolder {
  public:
    // Makes the folder (0700) where it is missing.
    static text::Outcome<StateFolder> open(const std::filesystem::path& path);
    StateFolder(StateFolder&& other) noexcept;
    ~StateFolder();

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path file(const char* name) const { return path_ / name; }
    bool has(const char* name) const;

    // The master key; nullopt when there is no file. InvalidInput when others can read the file or
    // it does not hold 64 hex digits.
    text::Outcome<std::optional<MasterKey>> read_key() const;
    // Makes a new one; the file must not exist.
    text::Outcome<MasterKey> create_key() const;

  private:
    StateFolder(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}
    std::filesystem::path path_;
    int lock_;
};

// Replaces the file so that it holds the old or the new content after a crash.
text::Outcome<void> write_file(const std::filesystem::path& path, std::string_view content,
                               unsigned mode);
// At most `limit` bytes; nullopt when there is no such file.
text::Outcome<std::optional<crypto::SecretBytes>> read_file(const std::filesystem::path& path,
                                                            size_t limit);

}  // namespace scone::cas
