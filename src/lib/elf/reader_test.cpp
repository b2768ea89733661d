// The ELF reader on made files, on broken files and on this test program itself.
#include "lib/elf/reader.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "lib/elf/dependencies.h"
#include "lib/elf/elf_builder_for_test.h"

namespace scone::elf {
namespace {

std::vector<uint8_t> read_file(const char* path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// One text segment of a page at 0 and one data segment with 16 bytes of 4096 at 0x2000.
ElfBuilder two_segments() {
    ElfBuilder builder;
    builder.put(0, std::vector<uint8_t>(0x2010, 0x11))
        .segment({.p_type = kPT_LOAD,
                  .p_flags = kPF_R | kPF_X,
                  .p_offset = 0,
                  .p_vaddr = 0,
                  .p_paddr = 0,
                  .p_filesz = 4096,
                  .p_memsz = 4096,
                  .p_align = 4096})
        .segment({.p_type = kPT_LOAD,
                  .p_flags = kPF_R | kPF_W,
                  .p_offset = 0x2000,
                  .p_vaddr = 0x2000,
                  .p_paddr = 0,
                  .p_filesz = 16,
                  .p_memsz = 5000,
                  .p_align = 4096});
    return builder;
}

ErrorCode error_of(const std::vector<uint8_t>& file) {
    auto reader = Reader::open(file);
    EXPECT_FALSE(reader);
    return reader ? ErrorCode::NotElf : reader.error().code;
}

TEST(ElfReader, ReadsSegmentsAndAddresses) {
    std::vector<uint8_t> file = two_segments().build();
    auto reader = Reader::open(file);
    ASSERT_TRUE(reader);
    EXPECT_EQ(reader->program_header_count(), 2u);
    EXPECT_EQ(reader->load_range().begin, 0u);
    EXPECT_EQ(reader->load_range().end, 0x4000u);
    EXPECT_EQ(reader->at_address(0x2000, 16)->size(), 16u);
    EXPECT_EQ(reader->at_address(0x2000, 17).error(), ErrorCode::Truncated);
    EXPECT_EQ(reader->at_address(0x2010, 1).error(), ErrorCode::Truncated);
    EXPECT_EQ(reader->at_address(UINT64_MAX, UINT64_MAX).error(), ErrorCode::Truncated);
    EXPECT_EQ(reader->from_address(4090)->size(), 6u);
    EXPECT_FALSE(reader->find_program_header(kPT_INTERP));
    EXPECT_EQ(reader->section(0).error(), ErrorCode::Malformed);
}

TEST(ElfReader, RefusesWhatIsNoElfForThisMachine) {
    EXPECT_EQ(error_of({}), ErrorCode::NotElf);
    EXPECT_EQ(error_of({0x7F, 'E', 'L'}), ErrorCode::NotElf);
    EXPECT_EQ(error_of({'#', '!', '/', 'b', 'i', 'n', '/', 's', 'h'}), ErrorCode::NotElf);
    EXPECT_EQ(error_of({0x7F, 'E', 'L', 'F'}), ErrorCode::Truncated);
    for (size_t byte : {4, 5, 6, 16, 18, 20}) {
        std::vector<uint8_t> file = two_segments().build();
        file[byte] ^= 0x5A;
        EXPECT_EQ(error_of(file), ErrorCode::Unsupported) << byte;
    }
}

TEST(ElfReader, RefusesTablesOutsideTheFile) {
    ElfBuilder far = two_segments();
    std::vector<uint8_t> file = far.build();
    Elf64Ehdr header = far.header();
    auto with = [&](const Elf64Ehdr& changed) {
        std::vector<uint8_t> copy = file;
        std::memcpy(copy.data(), &changed, sizeof changed);
        return copy;
    };
    header.e_phoff = UINT64_MAX - 10;
    EXPECT_EQ(error_of(with(header)), ErrorCode::Truncated);
    header.e_phoff = file.size() - 60;
    EXPECT_EQ(error_of(with(header)), ErrorCode::Truncated);
    header = far.header();
    header.e_phnum = kMaxProgramHeaders + 1;
    EXPECT_EQ(error_of(with(header)), ErrorCode::TooLarge);
    header = far.header();
    header.e_phentsize = 32;
    EXPECT_EQ(error_of(with(header)), ErrorCode::Malformed);
}

TEST(ElfReader, RefusesSegmentsThatCannotBe) {
    auto with = [](auto change) {
        Elf64Phdr phdr{.p_type = kPT_LOAD,
                       .p_flags = kPF_R,
                       .p_offset = 0x1000,
                       .p_vaddr = 0x5000,
                       .p_paddr = 0,
                       .p_filesz = 16,
                       .p_memsz = 32,
                       .p_align = 4096};
        change(phdr);
        return two_segments().segment(phdr).build();
    };
    EXPECT_TRUE(Reader::open(with([](Elf64Phdr&) {})));
    EXPECT_EQ(error_of(with([](Elf64Phdr& p) { p.p_filesz = 33; })), ErrorCode::Malformed);
    EXPECT_EQ(error_of(with([](Elf64Phdr& p) { p.p_filesz = p.p_memsz = UINT64_MAX; })),
              ErrorCode::Truncated);
    EXPECT_EQ(error_of(with([](Elf64Phdr& p) { p.p_offset = UINT64_MAX - 4095; })),
              ErrorCode::Truncated);
    EXPECT_EQ(error_of(with([](Elf64Phdr& p) { p.p_vaddr = 0x5001; })), ErrorCode::Malformed);
    EXPECT_EQ(error_of(with([](Elf64Phdr& p) { p.p_vaddr = 0x3000; })), ErrorCode::Malformed);
    EXPECT_EQ(error_of(with([](Elf64Phdr& p) { p.p_memsz = UINT64_MAX - 0x100; })),
              ErrorCode::Malformed);
    EXPECT_EQ(error_of(with([](Elf64Phdr& p) { p.p_vaddr = kMaxVirtualAddress; })),
              ErrorCode::Malformed);
}

TEST(ElfReader, IteratesNotes) {
    std::vector<uint8_t> first = make_note("GNU", 3, std::vector<uint8_t>{1, 2, 3, 4, 5});
    std::vector<uint8_t> second = make_note("SCONE", 1, std::vector<uint8_t>(8, 7));
    std::vector<uint8_t> notes = first;
    notes.insert(notes.end(), second.begin(), second.end());
    std::vector<uint8_t> file = two_segments()
                                    .put(0x800, notes)
                                    .segment({.p_type = kPT_NOTE,
                                              .p_flags = kPF_R,
                                              .p_offset = 0x800,
                                              .p_vaddr = 0x800,
                                              .p_paddr = 0,
                                              .p_filesz = notes.size(),
                                              .p_memsz = notes.size(),
                                              .p_align = 4})
                                    .build();
    auto reader = Reader::open(file);
    ASSERT_TRUE(reader);
    std::vector<std::string> owners;
    uint64_t address = 0;
    ASSERT_TRUE(for_each_note(*reader, [&](const Note& note) {
        owners.emplace_back(note.owner);
        address = note.description_address;
        return true;
    }));
    EXPECT_EQ(owners, (std::vector<std::string>{"GNU", "SCONE"}));
    EXPECT_EQ(address, 0x800 + first.size() + 12 + 8);

    int seen = 0;
    ASSERT_TRUE(for_each_note(*reader, [&](const Note&) { return ++seen < 1; }));
    EXPECT_EQ(seen, 1);
}

TEST(ElfReader, RefusesNotesThatLeaveTheirSegment) {
    for (uint32_t size : {uint32_t{9}, uint32_t{0xFFFFFFFF}}) {
        for (size_t field : {0, 4}) {
            std::vector<uint8_t> note = make_note("SCONE", 1, std::vector<uint8_t>(8, 7));
            std::memcpy(note.data() + field, &size, 4);
            if (field == 0 && size == 9)
                continue;  // an owner that runs into the description: the next test
            std::vector<uint8_t> file = two_segments()
                                            .put(0x800, note)
                                            .segment({.p_type = kPT_NOTE,
                                                      .p_flags = kPF_R,
                                                      .p_offset = 0x800,
                                                      .p_vaddr = 0x800,
                                                      .p_paddr = 0,
                                                      .p_filesz = note.size(),
                                                      .p_memsz = note.size(),
                                                      .p_align = 4})
                                            .build();
            auto reader = Reader::open(file);
            ASSERT_TRUE(reader);
            auto walked = for_each_note(*reader, [](const Note&) { return true; });
            ASSERT_FALSE(walked);
            EXPECT_EQ(walked.error(), ErrorCode::Truncated);
        }
    }
}

TEST(ElfReader, ReadsThisProgram) {
    std::vector<uint8_t> file = read_file("/proc/self/exe");
    auto reader = Reader::open(file);
    ASSERT_TRUE(reader);
    auto text = reader->find_section(".text");
    ASSERT_TRUE(text);
    ASSERT_TRUE(*text);
    EXPECT_NE((*text)->sh_flags & kSHF_EXECINSTR, 0u);
    auto missing = reader->find_section(".no such section");
    ASSERT_TRUE(missing);
    EXPECT_FALSE(*missing);
    bool build_id = false;
    ASSERT_TRUE(for_each_note(*reader, [&](const Note& note) {
        build_id |= note.owner == "GNU" && note.type == 3;
        return true;
    }));
}

TEST(ElfReader, SurvivesEveryChangedByteOfTheFirstKilobytes) {
    std::vector<uint8_t> file = read_file("/proc/self/exe");
    file.resize(std::min<size_t>(file.size(), 1 << 20));
    for (size_t at = 0; at < 0x1000; ++at) {
        for (uint8_t value : {0x00, 0x01, 0x7F, 0x80, 0xFF}) {
            uint8_t old = file[at];
            file[at] = value;
            auto reader = Reader::open(file);
            if (reader) {
                (void)for_each_note(*reader, [](const Note&) { return true; });
                (void)read_dependencies(*reader);
                (void)reader->find_section(".text");
            }
            file[at] = old;
        }
    }
}

TEST(ElfReader, SurvivesEveryTruncation) {
    std::vector<uint8_t> file = read_file("/proc/self/exe");
    for (size_t size = 0; size < 0x2000; size += 7) {
        // A copy of exactly this size, so that a sanitizer sees a read behind its end.
        std::vector<uint8_t> part(file.begin(), file.begin() + static_cast<ptrdiff_t>(size));
        EXPECT_FALSE(Reader::open(part)) << size;
    }
}

}  // namespace
}  // namespace scone::elf
