// Where everything lies in ELRANGE, and the ordered list of pages that are loaded before EINIT.
//
// Side:    both. The machines load by this list, MRENCLAVE is computed from it, entry code and the
//          library OS take their addresses from the constants.
// Layout:  ELRANGE is [0, SIZE), SIZE a power of two, 64 GiB by default; image_base = SIZE - 2 GiB
//            image_base + p_vaddr      segments of the enclave image (static-PIE)
//            image_base + 512 MiB      settings pages, 1..16, R
//            image_base + 544 MiB      thread slots of 256 KiB, slot i at + i * 256 KiB
//            image_base + 1 GiB        heap of the runtime, at most 960 MiB, by EAUG
//          A slot: page 0 TCS; 1..3 SSA frames; 4..5 thread block (FS and GS base: page 4);
//          6..15 unmapped guard; 16..63 runtime stack. Only slot 0 is loaded before EINIT; further
//          slots come by EAUG and EMODT.
//          The application owns everything in [64 KiB, image_base).
// Units:   bytes; counts and *_page are pages of 4096 bytes
// Errors:  BadImage, WrongBase, TooLarge, and those of decode_settings
// Source:  docs/formats/enclave-image.md
#pragma once

#include <cstdint>
#include <type_traits>

#include "lib/base/bytes.h"
#include "lib/sgx/architecture.h"
#include "lib/sgx/attributes.h"
#include "lib/sgx/sgx_error.h"

namespace scone::sgx {

inline constexpr uint64_t kPageSize = 4096;
inline constexpr uint64_t kKiB = 1024;
inline constexpr uint64_t kMiB = 1024 * kKiB;
inline constexpr uint64_t kGiB = 1024 * kMiB;

inline constexpr uint64_t kEnclaveBase = 0;
inline constexpr uint64_t kFirstMappedAddress =
    64 * kKiB;  // below: never mapped (vm.mmap_min_addr)
inline constexpr uint64_t kDefaultElrangeSize = 64 * kGiB;
inline constexpr uint64_t kMinElrangeSize = 8 * kGiB;
inline constexpr uint64_t kMaxElrangeSize = 4096 * kGiB;

inline constexpr uint64_t kImageReserve = 2 * kGiB;
constexpr uint64_t image_base(uint64_t elrange_size) {
    return elrange_size - kImageReserve;
}
inline constexpr uint64_t kDefaultImageBase = image_base(kDefaultElrangeSize);
static_assert(kDefaultImageBase == 0xF80000000);

// Offsets from image_base.
inline constexpr uint64_t kMaxImageSize = 512 * kMiB;
inline constexpr uint64_t kSettingsOffset = 512 * kMiB;
inline constexpr uint32_t kMaxSettingsPages = 16;
inline constexpr uint64_t kSlotsOffset = 544 * kMiB;
inline constexpr uint64_t kRuntimeHeapOffset = kGiB;
inline constexpr uint64_t kMaxRuntimeHeapSize = 960 * kMiB;

inline constexpr uint64_t kSlotSize = 256 * kKiB;
inline constexpr uint32_t kMaxTcsCount = 1900;
inline constexpr uint32_t kDefaultTcsCount = 256;
static_assert(kSlotsOffset + kMaxTcsCount * kSlotSize <= kRuntimeHeapOffset);
static_assert(kRuntimeHeapOffset + kMaxRuntimeHeapSize <= kImageReserve);

// Pages in a slot.
inline constexpr uint32_t kTcsPage = 0;
inline constexpr uint32_t kSsaFirstPage = 1;
inline constexpr uint32_t kSsaFrameCount = 3;  // NSSA
inline constexpr uint32_t kSsaFramePages = 1;  // SSAFRAMESIZE
inline constexpr uint32_t kThreadBlockPage = 4;
inline constexpr uint32_t kThreadBlockPages = 2;
inline constexpr uint32_t kGuardPage = 6;
inline constexpr uint32_t kStackFirstPage = 16;
inline constexpr uint32_t kStackPages = 48;
inline constexpr uint32_t kSlotPages = 64;
static_assert(kSlotPages * kPageSize == kSlotSize && kStackFirstPage + kStackPages == kSlotPages);
static_assert(kSsaFirstPage + kSsaFrameCount * kSsaFramePages == kThreadBlockPage);

constexpr uint64_t slot_address(uint64_t image_base, uint32_t slot) {
    return image_base + kSlotsOffset + slot * kSlotSize;
}
constexpr uint64_t slot_tcs(uint64_t slot_address) {
    return slot_address + kTcsPage * kPageSize;
}
constexpr uint64_t slot_ssa(uint64_t slot_address) {
    return slot_address + kSsaFirstPage * kPageSize;
}
constexpr uint64_t slot_thread_block(uint64_t slot_address) {
    return slot_address + kThreadBlockPage * kPageSize;
}
// One past the highest byte of the runtime stack.
constexpr uint64_t slot_stack_top(uint64_t slot_address) {
    return slot_address + kSlotSize;
}

// The TCS page of the slot at this offset from the enclave's base, as EADD or an EMODT page has it.
// `entry` is OENTRY, an offset from the enclave's base.
void make_tcs(uint64_t slot_offset, uint64_t entry, Tcs& out);

// Facts of an image with its settings that need no page list.
struct EnclaveLayout {
    uint64_t elrange_size;
    uint64_t image_base;
    uint64_t image_size;  // end of the last segment, from image_base, page aligned
    uint64_t entry;       // OENTRY
    uint64_t settings_address;
    uint32_t settings_pages;
    uint64_t first_slot;  // its TCS is the first one that may be entered
};
// Checks image and settings. Errors: all of this header.
Result<EnclaveLayout> read_enclave_layout(base::Bytes image, base::Bytes settings);

enum class Measured : uint8_t { No, Yes };

// One page to be added with EADD, and with 16 EEXTEND when measured.
struct LoadPage {
    uint64_t offset;  // from the enclave's base, page aligned
    uint64_t secinfo_flags;
    Measured measured;
    std::span<const uint8_t, kPageSize> content;  // lives until the callback returns
};

using LoadPageCallback = Result<void> (*)(void* context, const LoadPage& page);

// Calls back once for each page, offsets strictly ascending. An error of the callback ends the walk
// and is handed on.
Result<EnclaveLayout> for_each_load_page(base::Bytes image, base::Bytes settings,
                                         LoadPageCallback callback, void* context);

// The same for any callable `Result<void>(const LoadPage&)`.
template <class F>
    requires std::is_invocable_r_v<Result<void>, F&, const LoadPage&>
Result<EnclaveLayout> for_each_load_page(base::Bytes image, base::Bytes settings, F&& visit) {
    auto call = [](void* context, const LoadPage& page) -> Result<void> {
        return (*static_cast<std::remove_reference_t<F>*>(context))(page);
    };
    return for_each_load_page(image, settings, call, &visit);
}

}  // namespace scone::sgx
