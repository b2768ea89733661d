// The list of pages that is loaded, and the images that are refused.
#include "lib/sgx/enclave_layout.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <vector>

#include "lib/sgx/image_for_test.h"

namespace scone::sgx {
namespace {

struct Loaded {
    uint64_t secinfo;
    std::vector<uint8_t> content;
};
using Pages = std::map<uint64_t, Loaded>;

Result<EnclaveLayout> load(const std::vector<uint8_t>& image, const std::vector<uint8_t>& settings,
                           Pages& pages) {
    uint64_t last = 0;
    return for_each_load_page(image, settings, [&](const LoadPage& page) -> Result<void> {
        EXPECT_GT(page.offset, last) << "not ascending";
        EXPECT_EQ(page.offset % kPageSize, 0u);
        EXPECT_EQ(page.measured, Measured::Yes);
        last = page.offset;
        pages[page.offset] = {page.secinfo_flags, {page.content.begin(), page.content.end()}};
        return {};
    });
}

std::vector<uint8_t> deferring_image(std::initializer_list<uint64_t> numbers) {
    std::vector<uint8_t> fields(numbers.size() * 8);
    size_t at = 0;
    for (uint64_t number : numbers)
        base::store_le64(&fields[8 * at++], number);
    std::vector<uint8_t> notes = image_notes(kDefaultImageBase, kTestSlotOffset);
    std::vector<uint8_t> note = elf::make_note(kNoteOwner, kNoteDeferredPages, fields);
    notes.insert(notes.end(), note.begin(), note.end());
    return small_image(kDefaultImageBase, kTestSlotOffset, notes).build();
}

TEST(EnclaveLayout, DeferredPagesAreAddedAndNotExtended) {
    std::vector<uint8_t> image = deferring_image({0x2000, 0x3000, 0x4000, 0x6000});
    std::vector<uint8_t> settings = settings_pages(Settings{});
    std::map<uint64_t, Measured> seen;
    auto layout = for_each_load_page(image, settings, [&](const LoadPage& page) -> Result<void> {
        seen[page.offset] = page.measured;
        return {};
    });
    ASSERT_TRUE(layout);
    for (uint64_t page : {0x2000, 0x4000, 0x5000})
        EXPECT_EQ(seen.at(layout->image_base + page), Measured::No) << page;
    for (uint64_t page : {0x0, 0x1000, 0x3000, 0x6000})
        EXPECT_EQ(seen.at(layout->image_base + page), Measured::Yes) << page;
}

TEST(EnclaveLayout, DeferredPagesMustBeAscendingWholePages) {
    std::vector<uint8_t> settings = settings_pages(Settings{});
    Pages pages;
    for (auto numbers : {std::initializer_list<uint64_t>{0x2100, 0x3000},
                         {0x2000, 0x3001},
                         {0x3000, 0x3000},
                         {0x4000, 0x5000, 0x2000, 0x3000},
                         {0x2000, 0x4000, 0x3000, 0x5000},
                         {0x2000}})
        EXPECT_FALSE(load(deferring_image(numbers), settings, pages));
}

TEST(EnclaveLayout, LoadsSegmentsSettingsAndTheFirstSlot) {
    std::vector<uint8_t> image = small_image().build();
    std::vector<uint8_t> settings = settings_pages(Settings{});
    Pages pages;
    auto layout = load(image, settings, pages);
    ASSERT_TRUE(layout);
    EXPECT_EQ(layout->elrange_size, kDefaultElrangeSize);
    EXPECT_EQ(layout->image_base, 0xF80000000u);
    EXPECT_EQ(layout->image_size, 0x7000u);
    EXPECT_EQ(layout->entry, 0xF80000000u + kTestCodeOffset);
    EXPECT_EQ(layout->settings_pages, 1u);

    uint64_t base = layout->image_base;
    // 1 header, 2 code, 4 data; 1 settings; 64 - 10 of the slot.
    EXPECT_EQ(pages.size(), 7u + 1u + 54u);
    EXPECT_EQ(pages.at(base).secinfo, 0x201u);
    EXPECT_EQ(pages.at(base + 0x1000).secinfo, 0x205u);
    EXPECT_EQ(pages.at(base + 0x3000).secinfo, 0x203u);
    EXPECT_EQ(pages.at(base + kSettingsOffset).secinfo, 0x201u);
    EXPECT_EQ(pages.at(base + kSettingsOffset).content, settings);
    EXPECT_TRUE(std::equal(image.begin() + 0x1000, image.begin() + 0x2000,
                           pages.at(base + 0x1000).content.begin()));

    const std::vector<uint8_t>& data = pages.at(base + 0x3000).content;
    EXPECT_TRUE(std::equal(data.begin(), data.begin() + 0x100, image.begin() + 0x3000));
    EXPECT_EQ(std::vector<uint8_t>(data.begin() + 0x100, data.end()), std::vector<uint8_t>(0xF00));
    EXPECT_EQ(pages.at(base + 0x6000).content, std::vector<uint8_t>(4096));

    uint64_t slot = layout->first_slot;
    EXPECT_EQ(slot, base + 544 * kMiB);
    EXPECT_EQ(pages.at(slot).secinfo, 0x100u);
    Tcs tcs;
    std::memcpy(&tcs, pages.at(slot).content.data(), sizeof tcs);
    EXPECT_EQ(tcs.flags, 0u);
    EXPECT_EQ(tcs.ossa, slot + 0x1000);
    EXPECT_EQ(tcs.nssa, 3u);
    EXPECT_EQ(tcs.cssa, 0u);
    EXPECT_EQ(tcs.oentry, layout->entry);
    EXPECT_EQ(tcs.ogs_base, slot + 0x4000);
    EXPECT_EQ(tcs.ofs_base, slot + 0x4000);
    EXPECT_EQ(tcs.gs_limit, 0xFFFFFFFFu);
    for (uint32_t page = 1; page < kSlotPages; ++page) {
        bool guard = page >= 6 && page < 16;
        EXPECT_EQ(pages.contains(slot + page * kPageSize), !guard) << page;
    }
    EXPECT_EQ(pages.at(slot + kSlotSize - kPageSize).secinfo, 0x203u);
    EXPECT_FALSE(pages.contains(slot + kSlotSize));
}

TEST(EnclaveLayout, KeepsZerosAroundASegmentThatStartsInsideAPage) {
    std::vector<uint8_t> content(16, 0xAB);
    std::vector<uint8_t> image = small_image()
                                     .put(0x4800, content)
                                     .segment({.p_type = elf::kPT_LOAD,
                                               .p_flags = elf::kPF_R,
                                               .p_offset = 0x4800,
                                               .p_vaddr = 0x9800,
                                               .p_paddr = 0,
                                               .p_filesz = 16,
                                               .p_memsz = 16,
                                               .p_align = 4096})
                                     .build();
    Pages pages;
    ASSERT_TRUE(load(image, settings_pages(Settings{}), pages));
    std::vector<uint8_t> expected(4096);
    std::copy(content.begin(), content.end(), expected.begin() + 0x800);
    EXPECT_EQ(pages.at(kDefaultImageBase + 0x9000).content, expected);
}

TEST(EnclaveLayout, HandsOnTheErrorOfTheCallback) {
    int calls = 0;
    auto stopped = for_each_load_page(
        small_image().build(), settings_pages(Settings{}), [&](const LoadPage&) -> Result<void> {
            if (++calls == 3)
                return base::fail(Error{ErrorCode::TooLarge, "no more", 3});
            return {};
        });
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error(), ErrorCode::TooLarge);
    EXPECT_EQ(calls, 3);
}

ErrorCode refusal(ElfBuilderWithNotes builder, const Settings& settings = {}) {
    Pages pages;
    auto layout = load(builder.build(), settings_pages(settings), pages);
    EXPECT_FALSE(layout);
    EXPECT_TRUE(pages.empty()) << "pages were loaded before the check";
    return layout ? ErrorCode::Truncated : layout.error().code;
}

elf::Elf64Phdr extra(uint32_t type, uint32_t flags, uint64_t vaddr, uint64_t memory_size) {
    return {.p_type = type,
            .p_flags = flags,
            .p_offset = 0,
            .p_vaddr = vaddr,
            .p_paddr = 0,
            .p_filesz = 0,
            .p_memsz = memory_size,
            .p_align = 4096};
}

TEST(EnclaveLayout, RefusesImagesForAnotherBase) {
    EXPECT_EQ(refusal(small_image(kDefaultImageBase + kPageSize)), ErrorCode::WrongBase);
    Settings larger;
    larger.elrange_size = 128 * kGiB;
    EXPECT_EQ(refusal(small_image(), larger), ErrorCode::WrongBase);
    Pages pages;
    EXPECT_TRUE(load(small_image(126 * kGiB).build(), settings_pages(larger), pages));
}

TEST(EnclaveLayout, RefusesImagesThatAreNone) {
    using namespace elf;
    ElfBuilderWithNotes exec = small_image();
    exec.header().e_type = kET_EXEC;
    EXPECT_EQ(refusal(exec), ErrorCode::BadImage);
    EXPECT_EQ(refusal(small_image().entry(kTestDataOffset)), ErrorCode::BadImage);
    EXPECT_EQ(refusal(small_image().entry(UINT64_MAX)), ErrorCode::BadImage);
    EXPECT_EQ(refusal(ElfBuilder(kET_DYN)), ErrorCode::BadImage);
    EXPECT_EQ(refusal(small_image().segment(extra(kPT_INTERP, kPF_R, 0x100, 0))),
              ErrorCode::BadImage);
    EXPECT_EQ(refusal(small_image().segment(extra(kPT_LOAD, kPF_R | kPF_W | kPF_X, 0x8000, 64))),
              ErrorCode::BadImage);
    EXPECT_EQ(refusal(small_image().segment(extra(kPT_LOAD, kPF_X, 0x8000, 64))),
              ErrorCode::BadImage);
    // Shares the last page of .bss.
    ElfBuilderWithNotes shared = small_image();
    elf::Elf64Phdr phdr = extra(kPT_LOAD, kPF_R, 0x6900, 64);
    phdr.p_offset = 0x900;
    EXPECT_EQ(refusal(shared.segment(phdr)), ErrorCode::BadImage);
    EXPECT_EQ(refusal(small_image().segment(extra(kPT_LOAD, kPF_R, 0x10000, kMaxImageSize))),
              ErrorCode::TooLarge);
}

TEST(EnclaveLayout, SurvivesEveryChangedByteOfHeaderAndNotes) {
    std::vector<uint8_t> settings = settings_pages(Settings{});
    std::vector<uint8_t> image = small_image().build();
    for (size_t at = 0; at < kTestNotesOffset + 0x60; ++at) {
        for (int value : {0x00, 0x01, 0x7F, 0xFF}) {
            uint8_t old = image[at];
            image[at] = static_cast<uint8_t>(value);
            (void)read_enclave_layout(image, settings);
            (void)for_each_enclu_slot(image, [](uint64_t) {});
            image[at] = old;
        }
    }
}

TEST(ImageNotes, GivesBaseAndSlots) {
    std::vector<uint8_t> image = small_image().build();
    EXPECT_EQ(*image_base_of(image), kDefaultImageBase);
    std::vector<uint64_t> slots;
    auto count = for_each_enclu_slot(image, [&](uint64_t vaddr) { slots.push_back(vaddr); });
    ASSERT_TRUE(count);
    EXPECT_EQ(*count, 1u);
    EXPECT_EQ(slots, std::vector<uint64_t>{kTestSlotOffset});
}

TEST(ImageNotes, RefusesSlotsThatHoldNoEnclu) {
    auto none = [](uint64_t) {};
    EXPECT_EQ(for_each_enclu_slot(small_image(kDefaultImageBase, 0x1018).build(), none).error(),
              ErrorCode::BadImage);
    EXPECT_EQ(
        for_each_enclu_slot(small_image(kDefaultImageBase, kTestDataOffset).build(), none).error(),
        ErrorCode::BadImage);
    EXPECT_EQ(for_each_enclu_slot(small_image(kDefaultImageBase, UINT64_MAX).build(), none).error(),
              ErrorCode::BadImage);
    EXPECT_EQ(for_each_enclu_slot(small_image(kDefaultImageBase, 0x2FFC).build(), none).error(),
              ErrorCode::BadImage);
}

TEST(ImageNotes, RefusesAnImageWithoutOrWithTwoBases) {
    ElfBuilderWithNotes none(elf::kET_DYN);
    none.put(0, std::vector<uint8_t>(4096));
    EXPECT_EQ(image_base_of(none.build()).error(), ErrorCode::BadImage);
    ElfBuilderWithNotes twice = small_image();
    elf::Elf64Phdr phdr = extra(elf::kPT_NOTE, elf::kPF_R, kTestNotesOffset, 0);
    phdr.p_offset = kTestNotesOffset;
    phdr.p_filesz = 28;
    phdr.p_align = 4;
    EXPECT_EQ(image_base_of(twice.segment(phdr).build()).error(), ErrorCode::BadImage);
}

}  // namespace
}  // namespace scone::sgx
