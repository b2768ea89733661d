#include "tools/enclave_image/image.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "lib/base/checked.h"
#include "lib/elf/dependencies.h"

namespace scone::enclave_image {
namespace {

constexpr uint8_t kSTT_NOTYPE = 0;
constexpr uint8_t kSTT_FUNC = 2;
constexpr uint8_t kSTT_GNU_IFUNC = 10;
constexpr uint16_t kSHN_UNDEF = 0;

template <class T>
T load(base::Bytes bytes, size_t offset) {
    T out;
    std::memcpy(&out, &bytes[offset], sizeof out);
    return out;
}

text::Failure of(const elf::Error& error) {
    return bad_image(fmt::format("{} ({:#x})", error.text, error.number));
}

std::string name_in(base::Bytes strings, uint32_t offset) {
    if (offset >= strings.size())
        return {};
    const std::string_view rest = base::as_text(strings.subspan(offset));
    return std::string(rest.substr(0, rest.find('\0')));
}

}  // namespace

text::Failure bad_image(std::string what) {
    return {text::ExitCode::InvalidInput, std::move(what), "reading the linked image", {}};
}

text::Outcome<Image> Image::open(std::vector<uint8_t> bytes) {
    // The reader keeps a view: a vector's buffer does not move when the vector is moved.
    const auto reader = elf::Reader::open(bytes);
    if (!reader)
        return std::unexpected(of(reader.error()));
    const auto dependencies = elf::read_dependencies(*reader);
    if (!dependencies)
        return std::unexpected(of(dependencies.error()));
    if (reader->header().e_type != elf::kET_DYN || !dependencies->interpreter.empty() ||
        dependencies->needed_count != 0)
        return std::unexpected(bad_image(
            fmt::format("expected a static-PIE, got a {}", elf::kind_name(dependencies->kind))));
    Image image(std::move(bytes), *reader);
    for (uint32_t i = 0; i < image.reader_.program_header_count(); ++i) {
        const elf::Elf64Phdr phdr = image.reader_.program_header(i);
        if (phdr.p_type != elf::kPT_LOAD)
            continue;
        const bool code = (phdr.p_flags & elf::kPF_X) != 0;
        if (code && (phdr.p_flags & elf::kPF_W) != 0)
            return std::unexpected(bad_image("a segment is writable and executable"));
        image.segments_.push_back({.file_offset = phdr.p_offset,
                                   .address = phdr.p_vaddr,
                                   .bytes = image.reader_.contents(phdr),
                                   .use = code ? x86::SegmentUse::Code : x86::SegmentUse::Data});
    }
    if (auto read = image.read_symbols(); !read)
        return std::unexpected(read.error());
    return image;
}

text::Outcome<void> Image::read_symbols() {
    const auto table = reader_.find_section(".symtab");
    if (!table)
        return std::unexpected(of(table.error()));
    if (!*table)
        return std::unexpected(bad_image("no symbol table: link without --strip-all"));
    const auto strings_section = reader_.section((*table)->sh_link);
    const auto contents = reader_.section_contents(**table);
    if (!contents || !strings_section)
        return std::unexpected(bad_image("malformed symbol table"));
    const auto strings = reader_.section_contents(*strings_section);
    if (!strings)
        return std::unexpected(of(strings.error()));
    for (size_t at = 0; at + sizeof(elf::Elf64Sym) <= contents->size();
         at += sizeof(elf::Elf64Sym)) {
        const auto entry = load<elf::Elf64Sym>(*contents, at);
        symbols_.push_back({.address = entry.st_value,
                            .size = entry.st_size,
                            .type = static_cast<uint8_t>(entry.st_info & 15),
                            .binding = static_cast<uint8_t>(entry.st_info >> 4),
                            .defined = entry.st_shndx != kSHN_UNDEF,
                            .name = name_in(*strings, entry.st_name)});
    }
    std::ranges::stable_sort(symbols_, {}, &Symbol::address);
    return {};
}

const x86::Segment* Image::code_at(uint64_t address, uint64_t size) const {
    for (const x86::Segment& segment : segments_) {
        if (segment.use == x86::SegmentUse::Code && segment.contains(address) &&
            base::range_fits(address - segment.address, size, segment.bytes.size()))
            return &segment;
    }
    return nullptr;
}

base::MutableBytes Image::at(uint64_t address, uint64_t size) {
    for (const x86::Segment& segment : segments_) {
        const uint64_t offset = address - segment.address;
        if (address >= segment.address && base::range_fits(offset, size, segment.bytes.size()))
            return base::MutableBytes(bytes_).subspan(segment.file_offset + offset, size);
    }
    return {};
}

text::Outcome<Image::Area> Image::section(std::string_view name) {
    const auto found = reader_.find_section(name);
    if (!found)
        return std::unexpected(of(found.error()));
    if (!*found)
        return std::unexpected(bad_image(fmt::format("no section {}", name)));
    const base::MutableBytes bytes = at((*found)->sh_addr, (*found)->sh_size);
    if (bytes.empty())
        return std::unexpected(bad_image(fmt::format("section {} is empty or not loaded", name)));
    return Area{(*found)->sh_addr, bytes};
}

text::Outcome<uint64_t> Image::address_of(std::string_view symbol) const {
    for (const Symbol& candidate : symbols_) {
        if (candidate.defined && candidate.name == symbol)
            return candidate.address;
    }
    return std::unexpected(bad_image(fmt::format("no symbol {}", symbol)));
}

const Image::Symbol* Image::symbol_at(uint64_t address) const {
    auto next = std::ranges::upper_bound(symbols_, address, {}, &Symbol::address);
    const Symbol* nearest = nullptr;
    while (next != symbols_.begin()) {
        const Symbol& symbol = *--next;
        const bool names_code =
            symbol.type == kSTT_FUNC || symbol.type == kSTT_GNU_IFUNC || symbol.type == kSTT_NOTYPE;
        if (!symbol.defined || !names_code || symbol.name.empty())
            continue;
        if (address - symbol.address < symbol.size)
            return &symbol;  // a function that covers the address
        if (symbol.size == 0 && nearest == nullptr)
            nearest = &symbol;  // a label of assembly code
        else if (symbol.size != 0)
            break;
    }
    return nearest;
}

const Image::Symbol* Image::function_around(uint64_t address) const {
    const Symbol* symbol = symbol_at(address);
    const bool holds = symbol != nullptr && address - symbol->address < symbol->size;
    return holds ? symbol : nullptr;
}

bool Image::is_data(uint64_t address) const {
    constexpr uint8_t kSTT_OBJECT = 1;
    return std::ranges::any_of(symbols_, [&](const Symbol& symbol) {
        return symbol.type == kSTT_OBJECT && address >= symbol.address &&
               address - symbol.address < symbol.size;
    });
}

std::string Image::function_at(uint64_t address) const {
    const Symbol* symbol = symbol_at(address);
    return symbol == nullptr ? "?" : symbol->name;
}

std::string Image::place(uint64_t address) const {
    const Symbol* symbol = symbol_at(address);
    if (symbol == nullptr)
        return fmt::format("{:#x}", address);
    return fmt::format("{}+{:#x}", symbol->name, address - symbol->address);
}

}  // namespace scone::enclave_image
