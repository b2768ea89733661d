#include "tools/enclave_image/deferred_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "lib/aead/sha256.h"
#include "lib/base/checked.h"
#include "lib/base/endian.h"
#include "lib/sgx/enclave_layout.h"

namespace scone::enclave_image {
namespace {

constexpr uint64_t kSHF_ALLOC = 2;
constexpr const char* kSection = ".scone.deferred";
constexpr size_t kDigestOffset = 8 + sgx::DeferredPages::kMaxRanges * 16;

using Range = sgx::DeferredPages::Range;

bool is_of_the_core(std::string_view section) {
    return section.starts_with(".core.") || section == kSection || section == ".note.scone" ||
           section == ".scone.enclu_slots";
}

// Whole pages that must be measured one by one, ascending.
text::Outcome<std::vector<Range>> measured_ranges(const elf::Reader& reader) {
    const elf::Elf64Ehdr& header = reader.header();
    std::vector<Range> ranges{{0, header.e_phoff + header.e_phnum * sizeof(elf::Elf64Phdr)}};
    for (uint32_t i = 0; i < reader.section_count(); ++i) {
        const auto section = reader.section(i);
        if (!section)
            return std::unexpected(bad_image("malformed section table"));
        const auto name = reader.section_name(*section);
        if (name && (section->sh_flags & kSHF_ALLOC) != 0 && is_of_the_core(*name))
            ranges.push_back({section->sh_addr, section->sh_addr + section->sh_size});
    }
    for (Range& range : ranges)
        range = {base::round_down(range.begin, sgx::kPageSize),
                 base::round_up(range.end, sgx::kPageSize)};
    std::ranges::sort(ranges, {}, &Range::begin);
    return ranges;
}

text::Outcome<void> add(sgx::DeferredPages& pages, uint64_t begin, uint64_t end) {
    if (begin >= end)
        return {};
    if (pages.count == sgx::DeferredPages::kMaxRanges)
        return std::unexpected(bad_image("the core's sections are not together"));
    pages.ranges[pages.count++] = {begin, end};
    return {};
}

// The page as it is loaded: zeros where the file has nothing.
void load_page(const elf::Reader& reader, uint64_t vaddr, std::span<uint8_t> page) {
    std::ranges::fill(page, uint8_t{0});
    for (uint32_t i = 0; i < reader.program_header_count(); ++i) {
        const elf::Elf64Phdr phdr = reader.program_header(i);
        const uint64_t begin = std::max(vaddr, phdr.p_vaddr);
        const uint64_t end = std::min(vaddr + page.size(), phdr.p_vaddr + phdr.p_filesz);
        if (phdr.p_type == elf::kPT_LOAD && begin < end)
            std::memcpy(&page[begin - vaddr], &reader.contents(phdr)[begin - phdr.p_vaddr],
                        end - begin);
    }
}

}  // namespace

text::Outcome<sgx::DeferredPages> find_deferred_pages(Image& image) {
    sgx::DeferredPages pages;
    const auto section = image.reader().find_section(kSection);
    if (!section || !*section)
        return pages;
    const std::vector<Range> measured = SCONE_TRY(measured_ranges(image.reader()));
    for (uint32_t i = 0; i < image.reader().program_header_count(); ++i) {
        const elf::Elf64Phdr phdr = image.reader().program_header(i);
        if (phdr.p_type != elf::kPT_LOAD)
            continue;
        uint64_t at = base::round_down(phdr.p_vaddr, sgx::kPageSize);
        const uint64_t end = base::round_up(phdr.p_vaddr + phdr.p_memsz, sgx::kPageSize);
        for (const Range& range : measured) {
            if (range.end <= at || range.begin >= end)
                continue;
            SCONE_TRY(add(pages, at, range.begin));
            at = range.end;
        }
        SCONE_TRY(add(pages, at, end));
    }
    return pages;
}

text::Outcome<uint64_t> write_deferred_digest(Image& image, const sgx::DeferredPages& pages) {
    if (pages.count == 0)
        return uint64_t{0};
    const Image::Area area = SCONE_TRY(image.section(kSection));
    if (area.bytes.size() != kDigestOffset + aead::kSha256Size)
        return std::unexpected(bad_image(fmt::format("section {} has another size", kSection)));
    aead::Sha256 hash;
    uint64_t count = 0;
    base::store_le64(area.bytes.data(), pages.count);
    for (uint32_t i = 0; i < pages.count; ++i) {
        base::store_le64(&area.bytes[8 + i * 16], pages.ranges[i].begin);
        base::store_le64(&area.bytes[16 + i * 16], pages.ranges[i].end);
        for (uint64_t at = pages.ranges[i].begin; at < pages.ranges[i].end; at += sgx::kPageSize) {
            uint8_t page[sgx::kPageSize];
            load_page(image.reader(), at, page);
            hash.update(page);
            ++count;
        }
    }
    base::copy_bytes(area.bytes.subspan(kDigestOffset), hash.finish());
    return count;
}

}  // namespace scone::enclave_image
