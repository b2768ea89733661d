#include "lib/elf/dependencies.h"

#include "lib/base/endian.h"

namespace scone::elf {
namespace {

constexpr std::string_view kMuslPrefix = "/lib/ld-musl-";
constexpr std::string_view kGlibcName = "ld-linux-x86-64.so.2";

std::string_view file_name(std::string_view path) {
    size_t at = path.size();
    while (at > 0 && path[at - 1] != '/')
        --at;
    return {path.data() + at, path.size() - at};
}

LibC libc_of(std::string_view interpreter) {
    if (interpreter.empty())
        return LibC::None;
    if (interpreter.starts_with(kMuslPrefix))
        return LibC::Musl;
    if (file_name(interpreter) == kGlibcName)
        return LibC::Glibc;
    return LibC::Other;
}

Result<std::string_view> read_interpreter(const Reader& reader) {
    std::optional<Elf64Phdr> phdr = reader.find_program_header(kPT_INTERP);
    if (!phdr)
        return std::string_view{};
    base::Bytes bytes = reader.contents(*phdr);
    // The kernel's own rule: at least one character, ending with NUL, at most PATH_MAX.
    if (bytes.size() < 2 || bytes.size() > kMaxNameSize + 1 || bytes.back() != 0)
        return base::fail(
            Error{ErrorCode::Malformed, "the interpreter's path does not end", phdr->p_offset});
    std::string_view path = base::as_text(bytes.first(bytes.size() - 1));
    for (size_t i = 0; i < path.size(); ++i)
        if (path[i] == '\0')
            return base::fail(
                Error{ErrorCode::Malformed, "a NUL inside the interpreter's path", phdr->p_offset});
    return path;
}

Kind kind_of(const Reader& reader, bool has_interpreter,
             const std::optional<DynamicSection>& dynamic) {
    if (reader.header().e_type == kET_REL)
        return Kind::Relocatable;
    if (reader.header().e_type == kET_EXEC)
        return has_interpreter ? Kind::DynamicExec : Kind::StaticExec;
    if (has_interpreter)
        return Kind::DynamicPie;
    uint64_t flags = dynamic ? dynamic->value(kDT_FLAGS_1).value_or(0) : 0;
    return (flags & kDF_1_PIE) != 0 ? Kind::StaticPie : Kind::SharedLibrary;
}

}  // namespace

Result<std::optional<DynamicSection>> DynamicSection::read(const Reader& reader) {
    std::optional<Elf64Phdr> phdr = reader.find_program_header(kPT_DYNAMIC);
    if (!phdr)
        return std::optional<DynamicSection>{};
    DynamicSection section;
    section.entries_ = reader.contents(*phdr);
    size_t limit = section.entries_.size() / sizeof(Elf64Dyn);
    uint32_t count = 0;
    while (count < limit && section.entry(count).d_tag != kDT_NULL) {
        if (++count > kMaxDynamicEntries)
            return base::fail(Error{ErrorCode::TooLarge, "too many dynamic entries", limit});
    }
    if (count == limit)
        return base::fail(
            Error{ErrorCode::Malformed, "the dynamic section does not end", phdr->p_offset});
    section.entry_count_ = count;

    std::optional<uint64_t> address = section.value(kDT_STRTAB);
    std::optional<uint64_t> size = section.value(kDT_STRSZ);
    if (address && size)
        section.strings_ = SCONE_TRY(reader.at_address(*address, *size));
    return std::optional(section);
}

Elf64Dyn DynamicSection::entry(uint32_t index) const {
    const uint8_t* at = entries_.data() + size_t{index} * sizeof(Elf64Dyn);
    return {static_cast<int64_t>(base::load_le64(at)), base::load_le64(at + 8)};
}

std::optional<uint64_t> DynamicSection::value(int64_t tag) const {
    for (uint32_t i = 0; i < entry_count_; ++i)
        if (entry(i).d_tag == tag)
            return entry(i).d_val;
    return std::nullopt;
}

Result<std::string_view> DynamicSection::string_at(uint64_t offset) const {
    if (offset >= strings_.size())
        return base::fail(
            Error{ErrorCode::Malformed, "a name lies outside the string table", offset});
    base::Bytes rest = strings_.subspan(offset);
    for (size_t i = 0; i < rest.size() && i <= kMaxNameSize; ++i)
        if (rest[i] == 0)
            return base::as_text(rest.first(i));
    return base::fail(
        Error{ErrorCode::Malformed, "a name in the string table does not end", offset});
}

Result<std::optional<std::string_view>> DynamicSection::text(int64_t tag) const {
    std::optional<uint64_t> offset = value(tag);
    if (!offset)
        return std::optional<std::string_view>{};
    return std::optional(SCONE_TRY(string_at(*offset)));
}

namespace {

// Checks each name of DT_NEEDED on the way.
template <class F>
Result<uint32_t> walk_needed(const DynamicSection& dynamic, F&& visit) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < dynamic.entry_count(); ++i) {
        Elf64Dyn entry = dynamic.entry(i);
        if (entry.d_tag != kDT_NEEDED)
            continue;
        std::string_view name = SCONE_TRY(dynamic.string_at(entry.d_val));
        if (name.empty())
            return base::fail(Error{ErrorCode::Malformed, "a needed library has an empty name", i});
        visit(name);
        ++count;
    }
    return count;
}

}  // namespace

Result<Dependencies> read_dependencies(const Reader& reader) {
    std::optional<DynamicSection> dynamic = SCONE_TRY(DynamicSection::read(reader));
    Dependencies found{};
    found.interpreter = SCONE_TRY(read_interpreter(reader));
    found.kind = kind_of(reader, !found.interpreter.empty(), dynamic);
    found.libc = libc_of(found.interpreter);
    if (!dynamic)
        return found;
    found.soname = SCONE_TRY(dynamic->text(kDT_SONAME)).value_or(std::string_view{});
    found.rpath = SCONE_TRY(dynamic->text(kDT_RPATH)).value_or(std::string_view{});
    found.runpath = SCONE_TRY(dynamic->text(kDT_RUNPATH)).value_or(std::string_view{});
    found.needed_count = SCONE_TRY(walk_needed(*dynamic, [](std::string_view) {}));
    return found;
}

Result<void> for_each_needed(const Reader& reader,
                             void (*callback)(void* context, std::string_view name),
                             void* context) {
    std::optional<DynamicSection> dynamic = SCONE_TRY(DynamicSection::read(reader));
    if (dynamic)
        SCONE_TRY(walk_needed(*dynamic, [&](std::string_view name) { callback(context, name); }));
    return {};
}

std::string_view kind_name(Kind kind) {
    switch (kind) {
        case Kind::StaticExec:
            return "static program";
        case Kind::StaticPie:
            return "static PIE";
        case Kind::DynamicExec:
            return "dynamic program";
        case Kind::DynamicPie:
            return "dynamic PIE";
        case Kind::SharedLibrary:
            return "shared library";
        case Kind::Relocatable:
            return "object file";
    }
    return "unknown";
}

std::string_view libc_name(LibC libc) {
    switch (libc) {
        case LibC::None:
            return "none";
        case LibC::Glibc:
            return "glibc";
        case LibC::Musl:
            return "musl";
        case LibC::Other:
            return "unknown";
    }
    return "unknown";
}

}  // namespace scone::elf
