// The loadable segments of an ELF file, for tests.
#pragma once

#include <elf.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "lib/x86/syscall_sites.h"

namespace scone::x86 {

struct ProgramForTest {
    std::vector<uint8_t> bytes;
    std::vector<Segment> segments;

    static ProgramForTest read(const std::string& path) {
        ProgramForTest program;
        std::ifstream in(path, std::ios::binary);
        program.bytes.assign(std::istreambuf_iterator<char>(in), {});
        Elf64_Ehdr header;
        if (program.bytes.size() < sizeof header)
            return program;
        std::memcpy(&header, program.bytes.data(), sizeof header);
        for (size_t i = 0; i < header.e_phnum; ++i) {
            Elf64_Phdr phdr;
            std::memcpy(&phdr, &program.bytes[header.e_phoff + i * sizeof phdr], sizeof phdr);
            if (phdr.p_type != PT_LOAD)
                continue;
            program.segments.push_back(
                {.file_offset = phdr.p_offset,
                 .address = phdr.p_vaddr,
                 .bytes = base::Bytes(program.bytes).subspan(phdr.p_offset, phdr.p_filesz),
                 .use = (phdr.p_flags & PF_X) != 0 ? SegmentUse::Code : SegmentUse::Data});
        }
        return program;
    }

    std::vector<Site> sites(WantedSites wanted = WantedSites::SyscallAndCpuidBySymbols) const {
        std::vector<uint8_t> scratch(scratch_size(segments));
        std::vector<Site> out(100'000);
        out.resize(find_sites(segments, wanted, scratch, out).value_or(0));
        return out;
    }
};

// One code segment at `address` with this code, between enough other code to be judged.
struct SnippetForTest {
    static constexpr size_t kLead = 128;
    std::vector<uint8_t> bytes;

    explicit SnippetForTest(const std::vector<uint8_t>& code) {
        bytes.assign(kLead, 0xF8);  // clc: one byte each, movable, falls into what follows
        bytes.insert(bytes.end(), code.begin(), code.end());
        bytes.insert(bytes.end(), 32, 0x90);
    }
    Segment segment(uint64_t address = 0x401000) const {
        return {.file_offset = 0x1000, .address = address, .bytes = bytes, .use = SegmentUse::Code};
    }
    // The only site; its class is Trap and its address 0 where there is none.
    Site site() const {
        const Segment segments[] = {segment()};
        std::vector<uint8_t> scratch(scratch_size(segments));
        Site out[8];
        const auto count =
            find_sites(segments, WantedSites::SyscallAndCpuidBySymbols, scratch, out);
        return count && *count == 1 ? out[0] : Site{};
    }
};

}  // namespace scone::x86
