// Writes what the image says of itself into its reserved note section, and checks the enclu slots.
//
// Side:    host
// Layout:  the section .note.scone, reserved by reserved_sections.S, gets notes of owner "SCONE":
//            type 1  u64 image base (one)
//            type 2  i64 distance from this field to an enclu slot (one per slot)
//            type 3  i64 distance from this field to a cpuid that stays (one per site)
//            type 4  u64 begin, u64 end of pages that are added without EEXTEND (n pairs)
//            type 0  the unused rest
// Input:   the section .scone.enclu_slots: i64 distances from each field to a slot
// Errors:  InvalidInput: a slot without its eight bytes or outside code, an enclu outside the slots
//          that is not allowed, more notes than room
// Source:  lib/sgx/image_notes.h, docs/formats/enclave-image.md
#pragma once

#include "lib/sgx/image_notes.h"
#include "tools/enclave_image/image.h"

namespace scone::enclave_image {

inline constexpr uint32_t kNoteCpuidSite = 3;

// The addresses of the slots, each checked.
text::Outcome<std::vector<uint64_t>> enclu_slots(Image& image);

// Places of the bytes 0F 01 D7 in code that belong to no slot.
std::vector<uint64_t> stray_enclu(const Image& image, const std::vector<uint64_t>& slots);

text::Outcome<void> write_notes(Image& image, uint64_t image_base,
                                const std::vector<uint64_t>& slots,
                                const std::vector<uint64_t>& cpuid_left,
                                const sgx::DeferredPages& deferred);

}  // namespace scone::enclave_image
