// A small enclave image for tests: text, data with .bss, and the notes of an image.
//
// Side: host, tests only
#pragma once

#include <vector>

#include "lib/base/endian.h"
#include "lib/elf/elf_builder_for_test.h"
#include "lib/sgx/enclave_layout.h"
#include "lib/sgx/image_notes.h"
#include "lib/sgx/settings_page.h"

namespace scone::sgx {

using ElfBuilderWithNotes = elf::ElfBuilder;

// File offsets are the addresses: header and notes in [0, 0x1000), code in [0x1000, 0x3000), data
// in [0x3000, 0x3100) with memory up to 0x6800.
inline constexpr uint64_t kTestCodeOffset = 0x1000;
inline constexpr uint64_t kTestSlotOffset = 0x1010;
inline constexpr uint64_t kTestDataOffset = 0x3000;
inline constexpr uint64_t kTestNotesOffset = 0x800;

inline std::vector<uint8_t> image_notes(uint64_t image_base, uint64_t slot) {
    uint8_t base_field[8];
    base::store_le64(base_field, image_base);
    std::vector<uint8_t> notes = elf::make_note(kNoteOwner, kNoteImageBase, base_field);
    uint64_t field_address = kTestNotesOffset + notes.size() + 12 + 8;
    uint8_t slot_field[8];
    base::store_le64(slot_field, slot - field_address);
    std::vector<uint8_t> slot_note = elf::make_note(kNoteOwner, kNoteEncluSlot, slot_field);
    notes.insert(notes.end(), slot_note.begin(), slot_note.end());
    return notes;
}

inline ElfBuilderWithNotes small_image(uint64_t image_base = kDefaultImageBase,
                                       uint64_t slot = kTestSlotOffset,
                                       std::vector<uint8_t> notes = {}) {
    ElfBuilderWithNotes builder(elf::kET_DYN);
    std::vector<uint8_t> content(kTestDataOffset + 0x100);
    for (size_t i = 0; i < content.size(); ++i)
        content[i] = static_cast<uint8_t>(i * 7 + (i >> 8));
    if (notes.empty())
        notes = image_notes(image_base, slot);
    builder.put(0, content)
        .put(kTestSlotOffset, kEncluSlotBytes)
        .put(kTestNotesOffset, notes)
        .entry(kTestCodeOffset);
    auto load = [&](uint32_t flags, uint64_t at, uint64_t file_size, uint64_t memory_size) {
        builder.segment({.p_type = elf::kPT_LOAD,
                         .p_flags = flags,
                         .p_offset = at,
                         .p_vaddr = at,
                         .p_paddr = 0,
                         .p_filesz = file_size,
                         .p_memsz = memory_size,
                         .p_align = 4096});
    };
    load(elf::kPF_R, 0, 0x1000, 0x1000);
    load(elf::kPF_R | elf::kPF_X, kTestCodeOffset, 0x2000, 0x2000);
    load(elf::kPF_R | elf::kPF_W, kTestDataOffset, 0x100, 0x3800);
    builder.segment({.p_type = elf::kPT_NOTE,
                     .p_flags = elf::kPF_R,
                     .p_offset = kTestNotesOffset,
                     .p_vaddr = kTestNotesOffset,
                     .p_paddr = 0,
                     .p_filesz = notes.size(),
                     .p_memsz = notes.size(),
                     .p_align = 4});
    return builder;
}

inline std::vector<uint8_t> settings_pages(const Settings& settings,
                                           std::span<const MeasuredFile> files = {}) {
    std::vector<uint8_t> pages(kMaxSettingsSize);
    auto size = encode_settings(settings, files, pages);
    pages.resize(size ? *size : 0);
    return pages;
}

}  // namespace scone::sgx
