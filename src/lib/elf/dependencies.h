// What a program or library asks for at its start, and what kind of file it is.
//
// Side:    both
// Limits:  4096 dynamic entries; names below 4096 bytes; an interpreter path of 1..4095 bytes
// Errors:  those of Reader; Malformed for names that are empty, unterminated or outside the table
// Threads: views into the file's bytes
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include "lib/elf/reader.h"

namespace scone::elf {

inline constexpr uint32_t kMaxDynamicEntries = 4096;
inline constexpr size_t kMaxNameSize = 4095;

enum class Kind : uint8_t {
    StaticExec,     // ET_EXEC without interpreter
    StaticPie,      // ET_DYN with DF_1_PIE, without interpreter
    DynamicExec,    // ET_EXEC with interpreter (Debian's python3.11)
    DynamicPie,     // ET_DYN with interpreter
    SharedLibrary,  // ET_DYN without interpreter and without DF_1_PIE
    Relocatable,    // ET_REL
};
enum class LibC : uint8_t { None, Glibc, Musl, Other };

// The dynamic section, checked: terminated, string table inside the file.
class DynamicSection {
  public:
    // nullopt: the file has none.
    static Result<std::optional<DynamicSection>> read(const Reader& reader);

    std::optional<uint64_t> value(int64_t tag) const;
    // The string of the first entry with this tag; nullopt when there is none.
    Result<std::optional<std::string_view>> text(int64_t tag) const;
    uint32_t entry_count() const { return entry_count_; }
    // Preconditions: index < entry_count().
    Elf64Dyn entry(uint32_t index) const;
    Result<std::string_view> string_at(uint64_t offset) const;

  private:
    base::Bytes entries_;
    base::Bytes strings_;
    uint32_t entry_count_ = 0;
};

struct Dependencies {
    Kind kind;
    LibC libc;                     // by interpreter; None without one
    std::string_view interpreter;  // empty: none
    std::string_view soname;       // empty: none
    std::string_view rpath;        // DT_RPATH, empty: none; not used by the loader beside a runpath
    std::string_view runpath;      // DT_RUNPATH, empty: none
    uint32_t needed_count;
};

// Reads everything but the names of DT_NEEDED, and checks those too.
Result<Dependencies> read_dependencies(const Reader& reader);

// Calls back with each DT_NEEDED in order. Errors: as above.
Result<void> for_each_needed(const Reader& reader,
                             void (*callback)(void* context, std::string_view name), void* context);
template <class F>
    requires std::is_invocable_v<F&, std::string_view>
Result<void> for_each_needed(const Reader& reader, F&& visit) {
    auto call = [](void* context, std::string_view name) {
        (*static_cast<std::remove_reference_t<F>*>(context))(name);
    };
    return for_each_needed(reader, call, &visit);
}

// Names for messages: "dynamic PIE", "musl".
std::string_view kind_name(Kind kind);
std::string_view libc_name(LibC libc);

}  // namespace scone::elf
