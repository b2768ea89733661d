// The measured settings page: what of a service's start is part of MRENCLAVE.
//
// Side:    both
// Layout:  little endian, header of 256 bytes, then the measured files;
// docs/formats/settings-page.md Units:   sizes in bytes Errors:  Truncated, Malformed,
// UnknownVersion, TooLarge, BadSettings Threads: pure functions
#pragma once

#include <cstdint>
#include <string_view>

#include "lib/aead/sha256.h"
#include "lib/base/bytes.h"
#include "lib/sgx/enclave_layout.h"
#include "lib/sgx/sgx_error.h"

namespace scone::sgx {

inline constexpr uint32_t kSettingsVersion = 1;
inline constexpr size_t kSettingsHeaderSize = 256;
inline constexpr size_t kMaxSettingsSize = kMaxSettingsPages * kPageSize;
inline constexpr size_t kMaxMeasuredPathSize = 4095;
inline constexpr uint32_t kMaxMeasuredFiles = 1024;
inline constexpr uint64_t kMinHeapSize = 64 * kKiB;
inline constexpr uint64_t kMinStackSize = 64 * kKiB;
inline constexpr uint64_t kMaxStackSize = kGiB;

// SCONE_ALLOW_DLOPEN: what may become executable after the start.
enum class Dlopen : uint8_t {
    Refused = 0,        // only the measured files
    Authenticated = 1,  // and what a protected region authenticates
    Anything = 2,       // insecure: files of unprotected regions too
};
// SCONE_MPROTECT.
enum class Mprotect : uint8_t { Refused = 0, Allowed = 1 };
enum class Fork : uint8_t { Refused = 0, Allowed = 1 };

inline constexpr uint32_t kSettingsFlagFsRequired = 1;   // starts only with a protected root
inline constexpr uint32_t kSettingsFlagAttestation = 2;  // starts only with a CAS configuration
inline constexpr uint32_t kSettingsKnownFlags = kSettingsFlagFsRequired | kSettingsFlagAttestation;

struct Settings {
    uint64_t elrange_size = kDefaultElrangeSize;
    uint64_t heap_size = 64 * kMiB;
    uint64_t stack_size = 2 * kMiB;
    uint32_t tcs_count = kDefaultTcsCount;
    Dlopen dlopen = Dlopen::Refused;
    Mprotect mprotect = Mprotect::Refused;
    Fork fork = Fork::Refused;
    uint32_t flags = 0;
    // All-zero digests mean "none".
    aead::Digest extensions_digest{};
    aead::Digest binary_fs_root{};
    aead::Digest plan_digest{};
};

enum class FileRole : uint8_t { Program = 1, Interpreter = 2, Library = 3 };

struct MeasuredFile {
    FileRole role;
    std::string_view path;  // absolute, without NUL
    aead::Digest digest;    // aead::content_digest of the plaintext
};

// A decoded settings page; it looks into the bytes it was decoded from.
class SettingsPage {
  public:
    const Settings& settings() const { return settings_; }
    uint32_t file_count() const { return file_count_; }
    // Bytes of header and files, without the padding.
    size_t used_size() const { return kSettingsHeaderSize + files_.size(); }

    // Calls visit(const MeasuredFile&) for each file, in the order of the page.
    template <class F>
    void for_each_file(F&& visit) const {
        base::Bytes rest = files_;
        for (uint32_t i = 0; i < file_count_; ++i)
            visit(take_file(rest));
    }

  private:
    friend Result<SettingsPage> decode_settings(base::Bytes pages);
    // Preconditions: the entry was checked by decode_settings.
    static MeasuredFile take_file(base::Bytes& rest);

    Settings settings_;
    uint32_t file_count_ = 0;
    base::Bytes files_;
};

// Checks every field: 1..16 whole pages, known version and flags, allowed values, at most one
// program (first) and one interpreter, absolute paths in normal form, no path twice, zeros
// in all reserved bytes and behind the last file, no page more than needed.
Result<SettingsPage> decode_settings(base::Bytes pages);

// How many pages a page that begins like this has, for who finds it in memory: 1..16, before
// anything else is checked. Preconditions: first_page holds kPageSize bytes.
uint32_t settings_pages_of(base::Bytes first_page);

// Pages that the encoding needs. Errors: TooLarge.
Result<uint32_t> settings_page_count(std::span<const MeasuredFile> files);

// Writes whole pages to the start of `out` and returns their size. What it writes, decode_settings
// accepts; what that would refuse, it refuses with the same error.
// Errors: BadSettings, Malformed, TooLarge (more than 16 pages, or `out` is too small)
Result<size_t> encode_settings(const Settings& settings, std::span<const MeasuredFile> files,
                               base::MutableBytes out);

}  // namespace scone::sgx
