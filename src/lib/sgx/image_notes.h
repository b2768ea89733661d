// What the enclave image says of itself in ELF notes with owner "SCONE".
//
// Side:   both
// Layout: type 1, 8 bytes: u64 image base for which the relocations were applied
//         type 2, n * 8 bytes: i64 distances from each field itself to an 8-byte `enclu` slot
//         (0F 01 D7 and a five-byte nop); any number of notes
//         type 4, n * 16 bytes: u64 begin, u64 end of pages (p_vaddr) that are added without
//         EEXTEND; the enclave compares them with a measured digest before it uses them; at most
//         one note
// Errors: BadImage; a slot that does not hold `enclu` or lies outside an executable segment;
//         deferred ranges that are not whole pages in ascending order
// Source: docs/formats/enclave-image.md
#pragma once

#include <cstdint>
#include <type_traits>

#include "lib/base/bytes.h"
#include "lib/sgx/sgx_error.h"

namespace scone::sgx {

inline constexpr const char kNoteOwner[] = "SCONE";
inline constexpr uint32_t kNoteImageBase = 1;
inline constexpr uint32_t kNoteEncluSlot = 2;
inline constexpr uint32_t kNoteDeferredPages = 4;

inline constexpr uint64_t kEncluSlotSize = 8;
inline constexpr uint32_t kMaxEncluSlots = 256;
// As in the unpatched image: enclu; nopl 0(%rax,%rax,1)
inline constexpr base::ByteArray<kEncluSlotSize> kEncluSlotBytes = {0x0F, 0x01, 0xD7, 0x0F,
                                                                    0x1F, 0x44, 0x00, 0x00};

// Pages of the image that MRENCLAVE covers through a digest in a measured page.
struct DeferredPages {
    static constexpr uint32_t kMaxRanges = 15;
    struct Range {
        uint64_t begin, end;  // p_vaddr, page aligned
    };
    uint32_t count = 0;
    Range ranges[kMaxRanges] = {};

    bool contains(uint64_t vaddr) const;
};
Result<DeferredPages> deferred_pages_of(base::Bytes image);

// The base for which the image was relocated.
Result<uint64_t> image_base_of(base::Bytes image);

// Calls back with the p_vaddr of each slot (image_base must be added). Returns their count.
Result<uint32_t> for_each_enclu_slot(base::Bytes image, void (*callback)(void*, uint64_t vaddr),
                                     void* context);
template <class F>
    requires std::is_invocable_v<F&, uint64_t>
Result<uint32_t> for_each_enclu_slot(base::Bytes image, F&& visit) {
    auto call = [](void* context, uint64_t vaddr) {
        (*static_cast<std::remove_reference_t<F>*>(context))(vaddr);
    };
    return for_each_enclu_slot(image, call, &visit);
}

}  // namespace scone::sgx
