// Sites of installed programs: all that binutils shows, no others, and (nearly) none left to trap.
#include <gtest/gtest.h>
#include <stdio.h>
#include <unistd.h>

#include <set>

#include "lib/x86/patch_plan.h"
#include "lib/x86/program_for_test.h"
#include "lib/x86/trampoline.h"

namespace scone::x86 {
namespace {

// Without what stands among data: within 12 lines of bytes that are no instruction.
std::set<uint64_t> sites_by_objdump(const std::string& path) {
    std::set<uint64_t> sites;
    const std::string command = "objdump -d -w --no-show-raw-insn -M intel64 '" + path +
                                "' | awk '/\\(bad\\)/ { bad = NR } NR - bad > 12 || !bad {"
                                "if ($2 == \"syscall\" || $2 == \"cpuid\") print $1 }'";
    FILE* pipe = popen(command.c_str(), "r");
    unsigned long address = 0;
    while (pipe != nullptr && fscanf(pipe, "%lx:", &address) == 1)
        sites.insert(address);
    EXPECT_TRUE(pipe != nullptr && pclose(pipe) == 0);
    return sites;
}

class RealFile : public testing::TestWithParam<const char*> {};

TEST_P(RealFile, HasTheSitesThatObjdumpShows) {
    ASSERT_EQ(access(GetParam(), R_OK), 0) << GetParam() << " is not installed";
    const ProgramForTest program = ProgramForTest::read(GetParam());
    std::set<uint64_t> found;
    size_t by_class[6] = {};
    for (const Site& site : program.sites()) {
        found.insert(site.address);
        ++by_class[static_cast<size_t>(site.site_class)];
    }
    EXPECT_EQ(found, sites_by_objdump(GetParam()));
    // A trap is always correct; more than a few mean that the classes are not what they should be.
    EXPECT_LE(by_class[5], found.size() / 20);
    printf("%-40s sites %4zu: previous %zu, several %zu, mixed %zu, next %zu, trap %zu\n",
           GetParam(), found.size(), by_class[1], by_class[2], by_class[3], by_class[4],
           by_class[5]);
}

TEST_P(RealFile, EachSlotCanBeWrittenAndMappedBack) {
    const ProgramForTest program = ProgramForTest::read(GetParam());
    constexpr uint64_t kBias = 0x10000000;
    for (const Site& site : program.sites()) {
        if (site.site_class == SiteClass::Trap)
            continue;
        const base::Bytes original =
            base::Bytes(program.bytes)
                .subspan(site.file_offset - site.moved_before,
                         size_t{site.moved_before} + kSiteSize + site.moved_after);
        base::ByteArray<kSlotSize> slot;
        const uint64_t slot_address = kBias - 0x100000;
        ASSERT_TRUE(
            write_slot(site, kBias, original, slot_address, Destination::gs_slot(0x40), slot));
        base::ByteArray<kMaxMovedBefore + 24> jump;
        EXPECT_EQ(write_jump(site, kBias, slot_address, jump), site.replaced_size());
        const SlotRecord record = read_slot_record(slot);
        EXPECT_EQ(record.site, site.address + kBias);
        EXPECT_EQ(original_address(record, 0), site.replaced_start() + kBias);
        EXPECT_EQ(original_address(record, site.moved_before), record.site);
        for (uint64_t address = site.replaced_start() + 1; address < site.resume_address();
             ++address) {
            const auto offset = moved_offset(record, address + kBias);
            EXPECT_EQ(offset ? original_address(record, *offset) : address + kBias,
                      address + kBias);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Files, RealFile,
                         testing::Values("/lib/x86_64-linux-gnu/libc.so.6",
                                         "/lib64/ld-linux-x86-64.so.2",
                                         "/lib/x86_64-linux-musl/libc.so", "/bin/busybox",
                                         "/usr/lib/go-1.19/bin/go", "/usr/bin/python3.11",
                                         "/usr/lib/x86_64-linux-gnu/libcrypto.so.3"));

}  // namespace
}  // namespace scone::x86
