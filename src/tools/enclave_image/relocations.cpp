#include "tools/enclave_image/relocations.h"

#include <fmt/format.h>

#include <cstring>
#include <map>

#include "lib/base/endian.h"

namespace scone::enclave_image {
namespace {

constexpr uint32_t kR_X86_64_NONE = 0;
constexpr uint32_t kR_X86_64_IRELATIVE = 37;
constexpr int64_t kDT_PLTRELSZ = 2;
constexpr int64_t kDT_RELACOUNT = 0x6FFFFFF9;
constexpr size_t kRelaSize = sizeof(elf::Elf64Rela);
constexpr size_t kRelrSize = 8;

// The dynamic section, for looking up and for changing single values.
class Dynamic {
  public:
    static text::Outcome<Dynamic> of(Image& image) {
        const auto phdr = image.reader().find_program_header(elf::kPT_DYNAMIC);
        if (!phdr)
            return std::unexpected(bad_image("no dynamic section: link with -static-pie"));
        Dynamic dynamic;
        dynamic.bytes_ = image.at(phdr->p_vaddr, phdr->p_filesz);
        for (size_t i = 0; i + 16 <= dynamic.bytes_.size(); i += 16) {
            const auto tag = static_cast<int64_t>(base::load_le64(&dynamic.bytes_[i]));
            if (tag == elf::kDT_NULL)
                return dynamic;
            dynamic.where_.emplace(tag, i + 8);
        }
        return std::unexpected(bad_image("the dynamic section has no end"));
    }
    uint64_t value(int64_t tag) const {
        const auto found = where_.find(tag);
        return found == where_.end() ? 0 : base::load_le64(&bytes_[found->second]);
    }
    void set(int64_t tag, uint64_t value) {
        const auto found = where_.find(tag);
        if (found != where_.end())
            base::store_le64(&bytes_[found->second], value);
    }

  private:
    base::MutableBytes bytes_;
    std::map<int64_t, size_t> where_;
};

// Eight bytes of data at a link-time address; code must not need relocation.
text::Outcome<uint8_t*> word_at(Image& image, uint64_t address) {
    const base::MutableBytes word = image.at(address, 8);
    if (word.empty() || image.code_at(address, 1) != nullptr)
        return std::unexpected(
            bad_image(fmt::format("relocation at {:#x}: outside the data segments", address)));
    return word.data();
}

text::Outcome<base::MutableBytes> table(Image& image, uint64_t address, uint64_t size,
                                        size_t entry_size) {
    if (size == 0)
        return base::MutableBytes{};
    const base::MutableBytes bytes = image.at(address, size);
    if (bytes.empty() || size % entry_size != 0)
        return std::unexpected(bad_image("a relocation table lies outside the image"));
    return bytes;
}

// Applies what is relative and moves the rest of the table to its front. Returns the entries left.
text::Outcome<size_t> apply_rela(Image& image, base::MutableBytes entries, uint64_t image_base,
                                 RelocationCount& count) {
    size_t left = 0;
    for (size_t at = 0; at < entries.size(); at += kRelaSize) {
        elf::Elf64Rela entry;
        std::memcpy(&entry, &entries[at], kRelaSize);
        const auto type = static_cast<uint32_t>(entry.r_info);
        if (type == elf::kR_X86_64_RELATIVE) {
            uint8_t* word = SCONE_TRY(word_at(image, entry.r_offset));
            base::store_le64(word, image_base + static_cast<uint64_t>(entry.r_addend));
            ++count.applied;
        } else if (type == kR_X86_64_IRELATIVE) {
            SCONE_TRY(word_at(image, entry.r_offset));
            std::memmove(&entries[left * kRelaSize], &entries[at], kRelaSize);
            ++left;
        } else if (type != kR_X86_64_NONE) {
            return std::unexpected(bad_image(fmt::format(
                "relocation of type {} at {:#x}: only relative ones are possible in an enclave",
                type, entry.r_offset)));
        }
    }
    std::memset(entries.data() + left * kRelaSize, 0, entries.size() - left * kRelaSize);
    count.left_to_libc += left;
    return left;
}

// gABI: an even entry is an address, an odd one a bit map of the 63 words that follow.
text::Outcome<void> apply_relr(Image& image, base::Bytes entries, uint64_t image_base,
                               RelocationCount& count) {
    uint64_t where = 0;
    const auto relocate = [&](uint64_t address) -> text::Outcome<void> {
        uint8_t* word = SCONE_TRY(word_at(image, address));
        base::store_le64(word, base::load_le64(word) + image_base);
        ++count.applied;
        return {};
    };
    for (size_t at = 0; at < entries.size(); at += kRelrSize) {
        const uint64_t entry = base::load_le64(&entries[at]);
        if ((entry & 1) == 0) {
            SCONE_TRY(relocate(entry));
            where = entry + 8;
            continue;
        }
        for (unsigned bit = 1; bit < 64; ++bit) {
            if ((entry >> bit & 1) != 0)
                SCONE_TRY(relocate(where + (bit - 1) * 8));
        }
        where += 63 * 8;
    }
    return {};
}

}  // namespace

text::Outcome<RelocationCount> apply_relocations(Image& image, uint64_t image_base) {
    RelocationCount count;
    Dynamic dynamic = SCONE_TRY(Dynamic::of(image));
    const base::MutableBytes rela = SCONE_TRY(
        table(image, dynamic.value(elf::kDT_RELA), dynamic.value(elf::kDT_RELASZ), kRelaSize));
    const base::MutableBytes plt = SCONE_TRY(
        table(image, dynamic.value(elf::kDT_JMPREL), dynamic.value(kDT_PLTRELSZ), kRelaSize));
    const base::MutableBytes relr = SCONE_TRY(
        table(image, dynamic.value(elf::kDT_RELR), dynamic.value(elf::kDT_RELRSZ), kRelrSize));
    const size_t rela_left = SCONE_TRY(apply_rela(image, rela, image_base, count));
    const size_t plt_left = SCONE_TRY(apply_rela(image, plt, image_base, count));
    SCONE_TRY(apply_relr(image, relr, image_base, count));
    dynamic.set(elf::kDT_RELASZ, rela_left * kRelaSize);
    dynamic.set(kDT_RELACOUNT, 0);
    dynamic.set(kDT_PLTRELSZ, plt_left * kRelaSize);
    dynamic.set(elf::kDT_RELRSZ, 0);
    return count;
}

}  // namespace scone::enclave_image
