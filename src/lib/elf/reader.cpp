#include "lib/elf/reader.h"

#include "lib/base/checked.h"
#include "lib/base/endian.h"

namespace scone::elf {
namespace {

// A structure at an offset that was checked. Little endian on a little-endian machine: a copy.
template <class T>
T copy_at(base::Bytes bytes, uint64_t offset) {
    T value;
    __builtin_memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

constexpr uint64_t kPage = 4096;

// The NUL-terminated text at the start of `bytes`; nullopt without a NUL.
std::optional<std::string_view> terminated(base::Bytes bytes) {
    for (size_t i = 0; i < bytes.size(); ++i)
        if (bytes[i] == 0)
            return base::as_text(bytes.first(i));
    return std::nullopt;
}

}  // namespace

Result<Reader> Reader::open(base::Bytes file) {
    if (file.size() < sizeof kELFMAG || !base::equal_bytes(file.first(4), kELFMAG))
        return base::fail(Error{ErrorCode::NotElf, "no ELF magic at the start"});
    if (file.size() < sizeof(Elf64Ehdr))
        return base::fail(
            Error{ErrorCode::Truncated, "file ends inside the ELF header", sizeof(Elf64Ehdr)});
    Reader reader;
    reader.file_ = file;
    reader.header_ = copy_at<Elf64Ehdr>(file, 0);
    const Elf64Ehdr& header = reader.header_;
    if (header.e_ident[4] != kELFCLASS64 || header.e_ident[5] != kELFDATA2LSB ||
        header.e_ident[6] != kEV_CURRENT || header.e_version != kEV_CURRENT)
        return base::fail(Error{ErrorCode::Unsupported, "not a 64-bit little-endian ELF file"});
    if (header.e_machine != kEM_X86_64)
        return base::fail(Error{ErrorCode::Unsupported, "not made for x86-64", header.e_machine});
    if (header.e_type != kET_REL && header.e_type != kET_EXEC && header.e_type != kET_DYN)
        return base::fail(Error{ErrorCode::Unsupported,
                                "neither a program, a library nor an object file", header.e_type});
    if (header.e_phnum > kMaxProgramHeaders)
        return base::fail(Error{ErrorCode::TooLarge, "too many program headers", header.e_phnum});
    if (header.e_phnum != 0) {
        if (header.e_phentsize != sizeof(Elf64Phdr))
            return base::fail(
                Error{ErrorCode::Malformed, "program headers of another size", header.e_phentsize});
        uint64_t size = uint64_t{header.e_phnum} * sizeof(Elf64Phdr);
        if (!base::range_fits(header.e_phoff, size, file.size()))
            return base::fail(Error{ErrorCode::Truncated, "program headers lie outside the file",
                                    header.e_phoff});
    }
    SCONE_TRY(reader.check_segments());
    return reader;
}

Result<void> Reader::check_segments() const {
    uint64_t previous_end = 0;
    for (uint32_t i = 0; i < header_.e_phnum; ++i) {
        Elf64Phdr phdr = program_header(i);
        // A GNU_STACK or similar header may carry any offset with size zero.
        if (phdr.p_filesz != 0 && !base::range_fits(phdr.p_offset, phdr.p_filesz, file_.size()))
            return base::fail(
                Error{ErrorCode::Truncated, "a segment lies outside the file", phdr.p_offset});
        if (phdr.p_type != kPT_LOAD)
            continue;
        if (phdr.p_filesz > phdr.p_memsz)
            return base::fail(
                Error{ErrorCode::Malformed, "a segment is larger in the file than in memory", i});
        if (!base::range_fits(phdr.p_vaddr, phdr.p_memsz, kMaxVirtualAddress))
            return base::fail(
                Error{ErrorCode::Malformed, "a segment lies above user memory", phdr.p_vaddr});
        if (phdr.p_vaddr % kPage != phdr.p_offset % kPage)
            return base::fail(Error{ErrorCode::Malformed,
                                    "a segment's address and offset differ within a page",
                                    phdr.p_vaddr});
        if (phdr.p_vaddr < previous_end)
            return base::fail(
                Error{ErrorCode::Malformed, "segments overlap or do not ascend", phdr.p_vaddr});
        previous_end = phdr.p_vaddr + phdr.p_memsz;
    }
    return {};
}

Elf64Phdr Reader::program_header(uint32_t index) const {
    return copy_at<Elf64Phdr>(file_, header_.e_phoff + uint64_t{index} * sizeof(Elf64Phdr));
}

std::optional<Elf64Phdr> Reader::find_program_header(uint32_t type) const {
    for (uint32_t i = 0; i < header_.e_phnum; ++i) {
        Elf64Phdr phdr = program_header(i);
        if (phdr.p_type == type)
            return phdr;
    }
    return std::nullopt;
}

base::Bytes Reader::contents(const Elf64Phdr& phdr) const {
    if (phdr.p_filesz == 0)
        return {};
    return file_.subspan(phdr.p_offset, phdr.p_filesz);
}

Result<base::Bytes> Reader::from_address(uint64_t vaddr) const {
    for (uint32_t i = 0; i < header_.e_phnum; ++i) {
        Elf64Phdr phdr = program_header(i);
        if (phdr.p_type == kPT_LOAD && vaddr >= phdr.p_vaddr &&
            vaddr - phdr.p_vaddr < phdr.p_filesz)
            return contents(phdr).subspan(vaddr - phdr.p_vaddr);
    }
    return base::fail(Error{ErrorCode::Truncated, "an address has no bytes in the file", vaddr});
}

Result<base::Bytes> Reader::at_address(uint64_t vaddr, uint64_t size) const {
    base::Bytes rest = SCONE_TRY(from_address(vaddr));
    if (size > rest.size())
        return base::fail(
            Error{ErrorCode::Truncated, "a range at an address leaves its segment", vaddr});
    return rest.first(size);
}

Reader::AddressRange Reader::load_range() const {
    AddressRange range{0, 0};
    bool first = true;
    for (uint32_t i = 0; i < header_.e_phnum; ++i) {
        Elf64Phdr phdr = program_header(i);
        if (phdr.p_type != kPT_LOAD)
            continue;
        if (first)
            range.begin = base::round_down(phdr.p_vaddr, kPage);
        first = false;
        range.end = base::round_up(phdr.p_vaddr + phdr.p_memsz, kPage);
    }
    return range;
}

Result<Elf64Shdr> Reader::section(uint32_t index) const {
    if (index >= header_.e_shnum)
        return base::fail(Error{ErrorCode::Malformed, "no such section", index});
    if (header_.e_shentsize != sizeof(Elf64Shdr))
        return base::fail(
            Error{ErrorCode::Malformed, "section headers of another size", header_.e_shentsize});
    uint64_t size = uint64_t{header_.e_shnum} * sizeof(Elf64Shdr);
    if (!base::range_fits(header_.e_shoff, size, file_.size()))
        return base::fail(
            Error{ErrorCode::Truncated, "section headers lie outside the file", header_.e_shoff});
    return copy_at<Elf64Shdr>(file_, header_.e_shoff + uint64_t{index} * sizeof(Elf64Shdr));
}

Result<base::Bytes> Reader::section_contents(const Elf64Shdr& section) const {
    if (section.sh_type == kSHT_NOBITS || section.sh_type == kSHT_NULL)
        return base::Bytes{};
    if (!base::range_fits(section.sh_offset, section.sh_size, file_.size()))
        return base::fail(
            Error{ErrorCode::Truncated, "a section lies outside the file", section.sh_offset});
    return file_.subspan(section.sh_offset, section.sh_size);
}

Result<std::string_view> Reader::section_name(const Elf64Shdr& section) const {
    Elf64Shdr names = SCONE_TRY(this->section(header_.e_shstrndx));
    base::Bytes table = SCONE_TRY(section_contents(names));
    if (section.sh_name >= table.size())
        return base::fail(Error{ErrorCode::Malformed, "a section's name lies outside the names",
                                section.sh_name});
    std::optional<std::string_view> name = terminated(table.subspan(section.sh_name));
    if (!name)
        return base::fail(
            Error{ErrorCode::Malformed, "a section's name does not end", section.sh_name});
    return *name;
}

Result<std::optional<Elf64Shdr>> Reader::find_section(std::string_view name) const {
    for (uint32_t i = 1; i < header_.e_shnum; ++i) {
        Elf64Shdr section = SCONE_TRY(this->section(i));
        if (SCONE_TRY(section_name(section)) == name)
            return std::optional(section);
    }
    return std::optional<Elf64Shdr>{};
}

namespace {

enum class Walk : uint8_t { Continue, Stop };

// gABI, "Note Section": namesz, descsz, type, name, description; both padded. Segments of alignment
// 8 (GNU_PROPERTY) pad to 8, all others to 4.
Result<Walk> walk_notes(const Reader& reader, const Elf64Phdr& segment,
                        bool (*callback)(void*, const Note&), void* context) {
    constexpr uint64_t kNoteHeaderSize = 12;
    uint64_t unit = segment.p_align == 8 ? 8 : 4;
    base::Bytes bytes = reader.contents(segment);
    uint64_t at = 0;
    while (bytes.size() - at >= kNoteHeaderSize) {
        uint64_t name_size = base::load_le32(bytes.data() + at);
        uint64_t description_size = base::load_le32(bytes.data() + at + 4);
        uint64_t name_at = at + kNoteHeaderSize;
        uint64_t description_at = base::round_up(name_at + name_size, unit);
        uint64_t next = base::round_up(description_at + description_size, unit);
        if (description_at > bytes.size() || description_at + description_size > bytes.size())
            return base::fail(
                Error{ErrorCode::Truncated, "a note leaves its segment", segment.p_offset + at});
        base::Bytes name = bytes.subspan(name_at, name_size);
        if (!name.empty() && name.back() != 0)
            return base::fail(Error{ErrorCode::Malformed, "a note's owner does not end with NUL",
                                    segment.p_offset + at});
        Note note{
            .owner = name.empty() ? std::string_view{} : base::as_text(name.first(name.size() - 1)),
            .type = base::load_le32(bytes.data() + at + 8),
            .description = bytes.subspan(description_at, description_size),
            .description_address = segment.p_vaddr + description_at};
        if (!callback(context, note))
            return Walk::Stop;
        if (next >= bytes.size())
            break;
        at = next;
    }
    return Walk::Continue;
}

}  // namespace

Result<void> for_each_note(const Reader& reader, bool (*callback)(void* context, const Note&),
                           void* context) {
    for (uint32_t i = 0; i < reader.program_header_count(); ++i) {
        Elf64Phdr phdr = reader.program_header(i);
        if (phdr.p_type != kPT_NOTE)
            continue;
        if (SCONE_TRY(walk_notes(reader, phdr, callback, context)) == Walk::Stop)
            break;
    }
    return {};
}

}  // namespace scone::elf
