#include "tools/enclave_image/notes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "lib/base/endian.h"
#include "lib/sgx/image_notes.h"

namespace scone::enclave_image {
namespace {

constexpr size_t kNameSize = 8;  // "SCONE\0" filled up to 4 bytes
constexpr size_t kHeaderSize = 12 + kNameSize;
constexpr uint32_t kNoteUnused = 0;

class NoteWriter {
  public:
    explicit NoteWriter(Image::Area area) : area_(area) {}

    bool put(uint32_t type, uint64_t value) {
        if (area_.bytes.size() - used_ < kHeaderSize + 8)
            return false;
        header(type, 8);
        base::store_le64(&area_.bytes[used_], value);
        used_ += 8;
        return true;
    }
    bool put_distance(uint32_t type, uint64_t target) {
        return put(type, target - (area_.address + used_ + kHeaderSize));
    }
    bool put_ranges(uint32_t type, const sgx::DeferredPages& pages) {
        const size_t size = pages.count * sizeof pages.ranges[0];
        if (area_.bytes.size() - used_ < kHeaderSize + size)
            return false;
        header(type, size);
        for (uint32_t i = 0; i < pages.count; ++i, used_ += sizeof pages.ranges[0]) {
            base::store_le64(&area_.bytes[used_], pages.ranges[i].begin);
            base::store_le64(&area_.bytes[used_ + 8], pages.ranges[i].end);
        }
        return true;
    }
    bool finish() {
        const size_t rest = area_.bytes.size() - used_;
        if (rest == 0)
            return true;
        if (rest < kHeaderSize)
            return false;
        header(kNoteUnused, rest - kHeaderSize);
        base::fill_bytes(area_.bytes.subspan(used_), 0);
        return true;
    }

  private:
    void header(uint32_t type, size_t size) {
        uint8_t* out = &area_.bytes[used_];
        std::memset(out, 0, kHeaderSize);
        base::store_le32(out, sizeof sgx::kNoteOwner);
        base::store_le32(out + 4, static_cast<uint32_t>(size));
        base::store_le32(out + 8, type);
        std::memcpy(out + 12, sgx::kNoteOwner, sizeof sgx::kNoteOwner);
        used_ += kHeaderSize;
    }

    Image::Area area_;
    size_t used_ = 0;
};

}  // namespace

text::Outcome<std::vector<uint64_t>> enclu_slots(Image& image) {
    const Image::Area table = SCONE_TRY(image.section(".scone.enclu_slots"));
    std::vector<uint64_t> slots;
    for (size_t at = 0; at + 8 <= table.bytes.size(); at += 8) {
        const uint64_t slot = table.address + at + base::load_le64(&table.bytes[at]);
        const base::Bytes bytes = image.at(slot, sgx::kEncluSlotSize);
        if (slot % sgx::kEncluSlotSize != 0 ||
            image.code_at(slot, sgx::kEncluSlotSize) == nullptr ||
            !base::equal_bytes(bytes, sgx::kEncluSlotBytes))
            return std::unexpected(bad_image(fmt::format(
                "enclu slot {} at {:#x} is not an aligned slot of code", at / 8, slot)));
        slots.push_back(slot);
    }
    if (slots.size() > sgx::kMaxEncluSlots)
        return std::unexpected(bad_image(fmt::format("{} enclu slots, at most {} are possible",
                                                     slots.size(), sgx::kMaxEncluSlots)));
    return slots;
}

std::vector<uint64_t> stray_enclu(const Image& image, const std::vector<uint64_t>& slots) {
    std::vector<uint64_t> stray;
    for (const x86::Segment& segment : image.segments()) {
        if (segment.use != x86::SegmentUse::Code)
            continue;
        for (size_t i = 0; i + 3 <= segment.bytes.size(); ++i) {
            const uint64_t address = segment.address + i;
            if (segment.bytes[i] == 0x0F && segment.bytes[i + 1] == 0x01 &&
                segment.bytes[i + 2] == 0xD7 && std::ranges::find(slots, address) == slots.end())
                stray.push_back(address);
        }
    }
    return stray;
}

text::Outcome<void> write_notes(Image& image, uint64_t image_base,
                                const std::vector<uint64_t>& slots,
                                const std::vector<uint64_t>& cpuid_left,
                                const sgx::DeferredPages& deferred) {
    NoteWriter notes(SCONE_TRY(image.section(".note.scone")));
    bool room = notes.put(sgx::kNoteImageBase, image_base);
    for (const uint64_t slot : slots)
        room = room && notes.put_distance(sgx::kNoteEncluSlot, slot);
    for (const uint64_t site : cpuid_left)
        room = room && notes.put_distance(kNoteCpuidSite, site);
    if (deferred.count != 0)
        room = room && notes.put_ranges(sgx::kNoteDeferredPages, deferred);
    if (!room || !notes.finish())
        return std::unexpected(bad_image("section .note.scone is too small for the notes"));
    return {};
}

}  // namespace scone::enclave_image
