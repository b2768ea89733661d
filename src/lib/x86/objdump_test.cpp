// The decoder against binutils: every instruction of whole programs and libraries.
#include <gtest/gtest.h>
#include <stdio.h>
#include <unistd.h>

#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "lib/x86/length_decoder.h"

namespace scone::x86 {
namespace {

struct Line {
    uint64_t address = 0;
    size_t start = 0;  // in Listing::bytes
    size_t size = 0;
    std::string text;  // mnemonic and operands
};

// One section as objdump shows it: its bytes and where objdump sees each instruction.
struct Listing {
    std::vector<uint8_t> bytes;
    std::vector<Line> lines;
};

struct Tally {
    size_t instructions = 0;
    size_t mismatches = 0;
};

std::string_view last_word(std::string_view text) {
    while (text.ends_with(' '))
        text.remove_suffix(1);
    return text.substr(text.rfind(' ') + 1);  // npos + 1 is 0
}

// objdump shows a prefix that it cannot use as a line of its own.
bool is_only_prefixes(std::string_view text) {
    const std::string_view word = last_word(text);
    for (std::string_view prefix :
         {"data16", "addr32", "repz", "repnz", "lock", "cs", "ss", "ds", "es", "fs", "gs"}) {
        if (word == prefix)
            return true;
    }
    return word.starts_with("rex");
}

bool parse_line(std::string_view line, Listing& listing) {
    const size_t colon = line.find(":\t");
    if (!line.starts_with(' ') || colon == line.npos)
        return false;
    Line out;
    const size_t digits = line.find_first_not_of(' ');
    std::from_chars(line.data() + digits, line.data() + colon, out.address, 16);
    line.remove_prefix(colon + 2);
    const size_t tab = line.find('\t');
    std::string_view hex = line.substr(0, tab);
    out.start = listing.bytes.size();
    for (; hex.size() >= 2 && hex[0] != ' '; hex.remove_prefix(hex.size() > 2 ? 3 : 2)) {
        uint8_t byte = 0;
        std::from_chars(hex.data(), hex.data() + 2, byte, 16);
        listing.bytes.push_back(byte);
    }
    out.size = listing.bytes.size() - out.start;
    if (tab != line.npos)
        out.text = line.substr(tab + 1);
    listing.lines.push_back(std::move(out));
    return true;
}

bool shows_target(const Line& line, uint64_t target) {
    char digits[24];
    snprintf(digits, sizeof digits, "%lx", target);
    const std::string_view text = line.text;
    std::string_view operand = last_word(text.substr(0, text.find(" <")));
    if (operand.starts_with("0x"))  // as a file without symbols is shown
        operand.remove_prefix(2);
    return operand == digits;
}

// Data between functions: objdump reads a REX before a VEX prefix, which is #UD (SDM 2.3.3).
bool is_rex_before_vex(std::string_view text) {
    return text.starts_with("rex") && text.find(" v") != text.npos;
}

// An empty text when decoder and objdump agree on this line.
std::string compare(const Listing& listing, const Line& line) {
    base::Bytes code = base::Bytes(listing.bytes).subspan(line.start);
    size_t size = line.size;
    const bool merged_wait =
        code[0] == 0x9B && size > 1;  // objdump joins fwait with its x87 follower
    if (merged_wait) {
        code = code.subspan(1);
        size -= 1;
    }
    const Instruction instruction = decode(code);
    if (instruction.length != size)
        return "length " + std::to_string(instruction.length);
    const std::string_view text = line.text;
    const std::string_view mnemonic = text.substr(0, text.find(" <"));
    const bool rip = mnemonic.find("(%rip)") != text.npos || mnemonic.find("(%eip)") != text.npos;
    if (rip != instruction.is_rip_relative())
        return "rip-relative differs";
    if (instruction.is_direct_branch() &&
        !shows_target(line, instruction.branch_target(line.address)))
        return "branch target differs";
    const bool looks_direct =
        (text.starts_with("call ") || text.starts_with("jmp ")) && text.find('*') == text.npos;
    if (looks_direct && !instruction.is_direct_branch())
        return "direct branch missed";
    const InstructionKind kind = instruction.kind;
    if (text.starts_with("syscall") != (kind == InstructionKind::Syscall) ||
        text.starts_with("cpuid") != (kind == InstructionKind::Cpuid) ||
        text.starts_with("enclu") != (kind == InstructionKind::Enclu))
        return "kind differs";
    return {};
}

void compare_section(const Listing& listing, Tally& tally) {
    for (const Line& line : listing.lines) {
        if (line.text.empty() || line.text.find("(bad)") != line.text.npos ||
            line.text.starts_with(".byte") || is_rex_before_vex(line.text) ||
            is_only_prefixes(line.text))
            continue;
        ++tally.instructions;
        const std::string difference = compare(listing, line);
        if (difference.empty())
            continue;
        if (++tally.mismatches <= 20)
            ADD_FAILURE() << std::hex << line.address << ": " << line.text << ": " << difference
                          << ", objdump has " << std::dec << line.size << " bytes";
    }
}

Tally compare_file(const std::string& path) {
    Tally tally;
    FILE* pipe = popen(("objdump -d -w -z -M intel64 '" + path + "'").c_str(), "r");
    if (pipe == nullptr)
        return tally;
    Listing listing;
    char* line = nullptr;
    size_t capacity = 0;
    for (ssize_t size = 0; (size = getline(&line, &capacity, pipe)) >= 0;) {
        std::string_view text(line, static_cast<size_t>(size));
        if (text.ends_with('\n'))
            text.remove_suffix(1);
        if (text.starts_with("Disassembly of section")) {
            compare_section(listing, tally);
            listing = {};
        }
        parse_line(text, listing);
    }
    compare_section(listing, tally);
    free(line);
    EXPECT_EQ(pclose(pipe), 0) << "objdump of " << path;
    return tally;
}

class Objdump : public testing::TestWithParam<const char*> {};

TEST_P(Objdump, AgreesOnEveryInstruction) {
    ASSERT_EQ(access(GetParam(), R_OK), 0) << GetParam() << " is not installed";
    const Tally tally = compare_file(GetParam());
    EXPECT_GT(tally.instructions, 10000u);
    EXPECT_EQ(tally.mismatches, 0u) << "of " << tally.instructions;
    RecordProperty("instructions", static_cast<int>(tally.instructions));
}

INSTANTIATE_TEST_SUITE_P(
    Files, Objdump,
    testing::Values("/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2",
                    "/lib/x86_64-linux-musl/libc.so", "/bin/busybox", "/usr/bin/python3.11",
                    "/usr/lib/x86_64-linux-gnu/libcrypto.so.3", "/usr/lib/go-1.19/bin/go"));

}  // namespace
}  // namespace scone::x86
