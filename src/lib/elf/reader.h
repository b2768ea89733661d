// A checked view of an ELF file: header, program headers, segments, sections, notes.
//
// Side:    both
// Accepts: 64-bit little-endian x86-64, of type REL, EXEC or DYN. The section table is optional and
//          a bad one is reported only when it is asked for: a program runs without it.
// Limits:  1024 program headers, 65535 sections
// Errors:  NotElf, Unsupported, Truncated, Malformed, TooLarge
// Threads: a Reader is a view; it is as safe as the bytes behind it, which it reads at each call
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include "lib/base/bytes.h"
#include "lib/elf/elf_abi.h"
#include "lib/elf/elf_error.h"

namespace scone::elf {

inline constexpr uint32_t kMaxProgramHeaders = 1024;
// Nothing that Linux could map ends above this.
inline constexpr uint64_t kMaxVirtualAddress = uint64_t{1} << 47;

class Reader {
  public:
    // Checks the header, the program header table, that each segment's file range lies in the file
    // and its memory range does not wrap, and that PT_LOAD segments ascend without overlap.
    static Result<Reader> open(base::Bytes file);

    base::Bytes file() const { return file_; }
    const Elf64Ehdr& header() const { return header_; }
    uint32_t program_header_count() const { return header_.e_phnum; }
    // Preconditions: index < program_header_count().
    Elf64Phdr program_header(uint32_t index) const;
    std::optional<Elf64Phdr> find_program_header(uint32_t type) const;

    // The bytes of a segment in the file. Preconditions: phdr comes from this reader.
    base::Bytes contents(const Elf64Phdr& phdr) const;
    // `size` bytes at a virtual address, from the file contents of the PT_LOAD that holds all of
    // them. Errors: Truncated.
    Result<base::Bytes> at_address(uint64_t vaddr, uint64_t size) const;
    // All file bytes of the PT_LOAD from `vaddr` on. Errors: Truncated.
    Result<base::Bytes> from_address(uint64_t vaddr) const;

    // Lowest p_vaddr rounded down and highest end rounded up to pages over all PT_LOAD; zero when
    // there is none.
    struct AddressRange {
        uint64_t begin;
        uint64_t end;
    };
    AddressRange load_range() const;

    uint32_t section_count() const { return header_.e_shnum; }
    // Errors: Truncated, Malformed
    Result<Elf64Shdr> section(uint32_t index) const;
    Result<std::string_view> section_name(const Elf64Shdr& section) const;
    Result<std::optional<Elf64Shdr>> find_section(std::string_view name) const;
    Result<base::Bytes> section_contents(const Elf64Shdr& section) const;

  private:
    Reader() = default;
    Result<void> check_segments() const;

    base::Bytes file_;
    Elf64Ehdr header_{};
};

// One entry of a PT_NOTE segment.
struct Note {
    std::string_view owner;  // without the NUL
    uint32_t type;
    base::Bytes description;
    uint64_t description_address;  // p_vaddr of the description
};

// Calls back for each note of all PT_NOTE segments, until it returns false.
// Errors: Truncated, Malformed
Result<void> for_each_note(const Reader& reader, bool (*callback)(void* context, const Note&),
                           void* context);
template <class F>
    requires std::is_invocable_r_v<bool, F&, const Note&>
Result<void> for_each_note(const Reader& reader, F&& visit) {
    auto call = [](void* context, const Note& note) -> bool {
        return (*static_cast<std::remove_reference_t<F>*>(context))(note);
    };
    return for_each_note(reader, call, &visit);
}

}  // namespace scone::elf
