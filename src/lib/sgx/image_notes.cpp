#include "lib/sgx/image_notes.h"

#include <optional>
#include <string_view>

#include "lib/base/endian.h"
#include "lib/elf/reader.h"
#include "lib/sgx/elf_errors.h"

namespace scone::sgx {
namespace {

Result<void> check_slot(const elf::Reader& reader, uint64_t vaddr) {
    for (uint32_t i = 0; i < reader.program_header_count(); ++i) {
        elf::Elf64Phdr phdr = reader.program_header(i);
        if (phdr.p_type != elf::kPT_LOAD || (phdr.p_flags & elf::kPF_X) == 0 ||
            vaddr < phdr.p_vaddr || vaddr - phdr.p_vaddr >= phdr.p_filesz)
            continue;
        base::Bytes rest = reader.contents(phdr).subspan(vaddr - phdr.p_vaddr);
        if (rest.size() < kEncluSlotSize ||
            !base::equal_bytes(rest.first(kEncluSlotSize), kEncluSlotBytes))
            return base::fail(
                Error{ErrorCode::BadImage, "an enclu slot does not hold enclu", vaddr});
        return {};
    }
    return base::fail(Error{ErrorCode::BadImage, "an enclu slot lies outside the code", vaddr});
}

}  // namespace

Result<uint64_t> image_base_of(base::Bytes image) {
    elf::Reader reader = SCONE_TRY(open_image(image));
    std::optional<uint64_t> base;
    bool sound = true;
    auto visit = [&](const elf::Note& note) {
        if (note.owner != kNoteOwner || note.type != kNoteImageBase)
            return true;
        sound = !base && note.description.size() == 8;
        if (sound)
            base = base::load_le64(note.description.data());
        return sound;
    };
    SCONE_TRY(from_elf(elf::for_each_note(reader, visit)));
    if (!sound)
        return base::fail(Error{ErrorCode::BadImage, "the image base note is not one u64"});
    if (!base)
        return base::fail(Error{ErrorCode::BadImage, "the image has no note of its base"});
    return *base;
}

bool DeferredPages::contains(uint64_t vaddr) const {
    for (uint32_t i = 0; i < count; ++i)
        if (vaddr >= ranges[i].begin && vaddr < ranges[i].end)
            return true;
    return false;
}

Result<DeferredPages> deferred_pages_of(base::Bytes image) {
    constexpr uint64_t kPage = 4096;
    elf::Reader reader = SCONE_TRY(open_image(image));
    DeferredPages pages;
    bool sound = true;
    uint64_t last = 0;
    auto visit = [&](const elf::Note& note) {
        if (note.owner != kNoteOwner || note.type != kNoteDeferredPages)
            return true;
        size_t count = note.description.size() / sizeof(DeferredPages::Range);
        sound = pages.count == 0 && count > 0 && count <= DeferredPages::kMaxRanges &&
                note.description.size() % sizeof(DeferredPages::Range) == 0;
        for (size_t i = 0; i < count && sound; ++i) {
            const uint8_t* field = note.description.data() + i * sizeof(DeferredPages::Range);
            DeferredPages::Range range{base::load_le64(field), base::load_le64(field + 8)};
            sound = range.begin % kPage == 0 && range.end % kPage == 0 && range.begin >= last &&
                    range.begin < range.end;
            last = range.end;
            pages.ranges[pages.count++] = range;
        }
        return sound;
    };
    SCONE_TRY(from_elf(elf::for_each_note(reader, visit)));
    if (!sound)
        return base::fail(
            Error{ErrorCode::BadImage, "the deferred pages are not ascending ranges of pages"});
    return pages;
}

Result<uint32_t> for_each_enclu_slot(base::Bytes image, void (*callback)(void*, uint64_t vaddr),
                                     void* context) {
    elf::Reader reader = SCONE_TRY(open_image(image));
    uint32_t count = 0;
    Result<void> checked;
    auto visit_slot = [&](uint64_t field_address, const uint8_t* field) -> Result<void> {
        if (++count > kMaxEncluSlots)
            return base::fail(Error{ErrorCode::TooLarge, "too many enclu slots", count});
        // Wraps as addresses do; a wrong one lies outside the code.
        uint64_t vaddr = field_address + base::load_le64(field);
        SCONE_TRY(check_slot(reader, vaddr));
        callback(context, vaddr);
        return {};
    };
    auto visit = [&](const elf::Note& note) {
        if (note.owner != kNoteOwner || note.type != kNoteEncluSlot)
            return true;
        if (note.description.size() % 8 != 0)
            checked =
                base::fail(Error{ErrorCode::BadImage, "an enclu slot note holds no whole u64", 0});
        for (size_t at = 0; at + 8 <= note.description.size() && checked; at += 8)
            checked = visit_slot(note.description_address + at, note.description.data() + at);
        return checked.has_value();
    };
    SCONE_TRY(from_elf(elf::for_each_note(reader, visit)));
    SCONE_TRY(checked);
    return count;
}

}  // namespace scone::sgx
