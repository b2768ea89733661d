#include "tools/enclave_image/jump_sources.h"

#include "lib/base/endian.h"
#include "lib/x86/length_decoder.h"

namespace scone::enclave_image {
namespace {

// Whether an instruction of a function begins at `address`, or may.
bool begins_instruction(const Image& image, uint64_t address) {
    const Image::Symbol* function = image.function_around(address);
    if (function == nullptr)
        return true;
    const x86::Segment* code = image.code_at(function->address, function->size);
    if (code == nullptr)
        return true;
    const uint64_t end = function->address + function->size;
    for (uint64_t at = function->address; at <= address;) {
        if (at == address)
            return true;
        const base::Bytes rest = code->bytes.subspan(at - code->address, end - at);
        const x86::Instruction instruction = x86::decode(rest);
        if (!instruction.valid())
            return true;
        at += instruction.length;
    }
    return false;
}

uint64_t add(uint64_t address, int64_t distance) {
    return address + static_cast<uint64_t>(distance);
}

// Whether the bytes at `i` would be a branch to `target`.
bool looks_like_branch(const x86::Segment& code, size_t i, uint64_t target) {
    const base::Bytes bytes = code.bytes.subspan(i);
    const uint64_t at = code.address + i;
    const uint8_t opcode = bytes[0];
    const bool is_short = (opcode & 0xF0) == 0x70 || (opcode & 0xFC) == 0xE0 || opcode == 0xEB;
    if (is_short && bytes.size() >= 2)
        return add(at + 2, static_cast<int8_t>(bytes[1])) == target;
    if ((opcode == 0xE8 || opcode == 0xE9) && bytes.size() >= 5)
        return add(at + 5, static_cast<int32_t>(base::load_le32(&bytes[1]))) == target;
    return opcode == 0x0F && bytes.size() >= 6 && (bytes[1] & 0xF0) == 0x80 &&
           add(at + 6, static_cast<int32_t>(base::load_le32(&bytes[2]))) == target;
}

}  // namespace

bool something_jumps_to(const Image& image, uint64_t address) {
    for (const x86::Segment& code : image.segments()) {
        if (code.use != x86::SegmentUse::Code)
            continue;
        for (size_t i = 0; i < code.bytes.size(); i++)
            if (looks_like_branch(code, i, address) && begins_instruction(image, code.address + i))
                return true;
        if (!code.contains(address))
            continue;
        // Addresses that are taken have no place to be checked at.
        std::vector<uint8_t> bitmap(x86::BranchTargets::bitmap_size(code));
        const x86::BranchTargets targets(code, image.segments(), bitmap);
        if (!targets.complete() || targets.taken_in(address, address + 1))
            return true;
    }
    return false;
}

}  // namespace scone::enclave_image
