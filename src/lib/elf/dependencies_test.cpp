// Kinds of programs and their dependencies.
#include "lib/elf/dependencies.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "lib/elf/elf_builder_for_test.h"

namespace scone::elf {
namespace {

constexpr std::string_view kStrings("\0libc.so.6\0libm.so.6\0/opt/lib\0me.so\0", 37);

// A file of one segment with a dynamic section at 0x400 and its strings at 0x200.
ElfBuilder dynamic_file(uint16_t type, std::vector<Elf64Dyn> entries,
                        std::string_view interpreter) {
    ElfBuilder builder(type);
    entries.insert(entries.begin(), {{kDT_STRTAB, 0x200}, {kDT_STRSZ, kStrings.size()}});
    builder.put(0, std::vector<uint8_t>(4096)).put(0x200, kStrings).put_dynamic(0x400, entries);
    builder.segment({.p_type = kPT_LOAD,
                     .p_flags = kPF_R,
                     .p_offset = 0,
                     .p_vaddr = 0,
                     .p_paddr = 0,
                     .p_filesz = 4096,
                     .p_memsz = 4096,
                     .p_align = 4096});
    builder.segment({.p_type = kPT_DYNAMIC,
                     .p_flags = kPF_R,
                     .p_offset = 0x400,
                     .p_vaddr = 0x400,
                     .p_paddr = 0,
                     .p_filesz = entries.size() * sizeof(Elf64Dyn),
                     .p_memsz = entries.size() * sizeof(Elf64Dyn),
                     .p_align = 8});
    if (!interpreter.empty()) {
        builder.put(0x300, interpreter);
        builder.segment({.p_type = kPT_INTERP,
                         .p_flags = kPF_R,
                         .p_offset = 0x300,
                         .p_vaddr = 0x300,
                         .p_paddr = 0,
                         .p_filesz = interpreter.size(),
                         .p_memsz = interpreter.size(),
                         .p_align = 1});
    }
    return builder;
}

Result<Dependencies> read(const std::vector<uint8_t>& file) {
    Reader reader = SCONE_TRY(Reader::open(file));
    return read_dependencies(reader);
}

constexpr std::string_view kGlibc("/lib64/ld-linux-x86-64.so.2\0", 28);
constexpr std::string_view kMusl("/lib/ld-musl-x86_64.so.1\0", 25);

TEST(Dependencies, ReadsNamesInOrder) {
    std::vector<uint8_t> file =
        dynamic_file(
            kET_DYN,
            {{kDT_NEEDED, 1}, {kDT_NEEDED, 11}, {kDT_RUNPATH, 21}, {kDT_SONAME, 30}, {kDT_NULL, 0}},
            kGlibc)
            .build();
    auto found = read(file);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->kind, Kind::DynamicPie);
    EXPECT_EQ(found->libc, LibC::Glibc);
    EXPECT_EQ(found->interpreter, "/lib64/ld-linux-x86-64.so.2");
    EXPECT_EQ(found->runpath, "/opt/lib");
    EXPECT_EQ(found->rpath, "");
    EXPECT_EQ(found->soname, "me.so");
    EXPECT_EQ(found->needed_count, 2u);
    std::vector<std::string> names;
    auto reader = Reader::open(file);
    ASSERT_TRUE(reader);
    ASSERT_TRUE(for_each_needed(*reader, [&](std::string_view name) { names.emplace_back(name); }));
    EXPECT_EQ(names, (std::vector<std::string>{"libc.so.6", "libm.so.6"}));
}

TEST(Dependencies, TellsTheKindsApart) {
    auto kind = [](ElfBuilder builder) { return read(builder.build())->kind; };
    std::vector<Elf64Dyn> plain = {{kDT_NULL, 0}};
    std::vector<Elf64Dyn> pie = {{kDT_FLAGS_1, kDF_1_PIE}, {kDT_NULL, 0}};
    EXPECT_EQ(kind(dynamic_file(kET_EXEC, plain, kGlibc)), Kind::DynamicExec);
    EXPECT_EQ(kind(dynamic_file(kET_EXEC, plain, {})), Kind::StaticExec);
    EXPECT_EQ(kind(dynamic_file(kET_DYN, pie, kMusl)), Kind::DynamicPie);
    EXPECT_EQ(kind(dynamic_file(kET_DYN, pie, {})), Kind::StaticPie);
    EXPECT_EQ(kind(dynamic_file(kET_DYN, plain, {})), Kind::SharedLibrary);
    EXPECT_EQ(kind(ElfBuilder(kET_REL)), Kind::Relocatable);
    EXPECT_EQ(read(dynamic_file(kET_DYN, pie, kMusl).build())->libc, LibC::Musl);
    EXPECT_EQ(kind_name(Kind::DynamicExec), "dynamic program");
    EXPECT_EQ(libc_name(LibC::Musl), "musl");
}

TEST(Dependencies, RefusesBrokenDynamicSections) {
    auto error = [](std::vector<Elf64Dyn> entries, std::string_view interpreter = {}) {
        auto found = read(dynamic_file(kET_DYN, std::move(entries), interpreter).build());
        EXPECT_FALSE(found);
        return found ? ErrorCode::NotElf : found.error().code;
    };
    EXPECT_EQ(error({}), ErrorCode::Malformed);  // no DT_NULL
    EXPECT_EQ(error({{kDT_NEEDED, 1000}, {kDT_NULL, 0}}), ErrorCode::Malformed);
    EXPECT_EQ(error({{kDT_NEEDED, UINT64_MAX}, {kDT_NULL, 0}}), ErrorCode::Malformed);
    EXPECT_EQ(error({{kDT_NEEDED, 0}, {kDT_NULL, 0}}), ErrorCode::Malformed);  // empty name
    EXPECT_EQ(error({{kDT_NULL, 0}}, "/lib64/ld"), ErrorCode::Malformed);      // no NUL
    EXPECT_EQ(error({{kDT_NULL, 0}}, std::string_view("\0", 1)), ErrorCode::Malformed);
    EXPECT_EQ(error({{kDT_NULL, 0}}, std::string_view("/a\0b\0", 5)), ErrorCode::Malformed);
}

TEST(Dependencies, RefusesAStringTableOutsideItsSegment) {
    for (Elf64Dyn change : {Elf64Dyn{kDT_STRTAB, 0x10000}, Elf64Dyn{kDT_STRSZ, UINT64_MAX},
                            Elf64Dyn{kDT_STRSZ, 4096}}) {
        ElfBuilder builder = dynamic_file(kET_DYN, {{kDT_NULL, 0}}, {});
        builder.put_dynamic(change.d_tag == kDT_STRTAB ? 0x400 : 0x410, {change});
        auto found = read(builder.build());
        ASSERT_FALSE(found);
        EXPECT_EQ(found.error(), ErrorCode::Truncated);
    }
}

TEST(Dependencies, ReadsThisProgram) {
    std::ifstream in("/proc/self/exe", std::ios::binary);
    std::vector<uint8_t> file{std::istreambuf_iterator<char>(in), {}};
    auto found = read(file);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->kind, Kind::DynamicPie);
    EXPECT_EQ(found->libc, LibC::Glibc);
    EXPECT_GE(found->needed_count, 1u);
}

}  // namespace
}  // namespace scone::elf
