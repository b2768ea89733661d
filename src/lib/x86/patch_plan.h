// A patch plan: the system call sites of one ELF file and how each is replaced, made once and kept.
//
// Side:    core
// Layout:  little endian
//            +0   u8[8]  "SCONEPLN"
//            +8   u16    version, 1
//            +10  u16    number of code segments, 1..16
//            +12  u32    number of sites, at most 2^20
//            +16  u64    size of the file
//            +24  u8[32] content digest of the file (settings-page.md)
//            +56  u64    zero
//            +64  code segments, 24 bytes each, ascending: u64 file offset, u64 address, u64 size
//            then sites, 12 bytes each, ascending and without overlap:
//              +0  u32 file offset of the site        +4  u8 class   +5  u8 bytes moved before
//              +6  u8 bytes moved after it            +7  u8 kind, bit 7: something jumps to it
//              +8  u32 FNV-1a of the original bytes from the first moved one to the last
// Units:   bytes
// Errors:  Truncated, NotAPlan, UnknownVersion, TooLarge, Malformed, OtherFile, OtherBytes
// Trust:   a plan may only be used once its digest is measured or authenticated: a wrong plan makes
//          wrong code. decode and check_site keep a damaged plan from doing so.
// Threads: PatchPlan is a view of the caller's bytes
// Source:  docs/formats/patch-plan.md
#pragma once

#include "lib/x86/syscall_sites.h"

namespace scone::x86 {

inline constexpr uint16_t kPlanVersion = 1;
inline constexpr size_t kPlanHeaderSize = 64;
inline constexpr size_t kPlanSegmentSize = 24;
inline constexpr size_t kPlanSiteSize = 12;
inline constexpr uint32_t kMaxPlanSegments = 16;
inline constexpr uint32_t kMaxPlanSites = 1u << 20;

enum class PlanErrorCode : uint8_t {
    Truncated,       // the bytes end before the plan does, or go on behind it
    NotAPlan,        // another magic
    UnknownVersion,  // number: the version
    TooLarge,        // a count above its limit, or a file that offsets of 32 bits cannot describe
    Malformed,       // a field contradicts another; number: index of the site or segment
    OtherFile,       // made for a file of another digest or size
    OtherBytes,  // the bytes at a site are not the ones the plan was made for; number: its offset
};
using PlanError = base::ErrorOf<PlanErrorCode>;
template <class T>
using PlanResult = base::Result<T, PlanError>;

using FileDigest = base::ByteArray<32>;

// The file a plan is made for.
struct PlannedFile {
    uint64_t size = 0;
    FileDigest digest{};
};

constexpr size_t plan_size(size_t code_segment_count, size_t site_count) {
    return kPlanHeaderSize + code_segment_count * kPlanSegmentSize + site_count * kPlanSiteSize;
}

// Writes the plan of `sites`, as find_sites() returned them for `segments`; returns its size.
// Errors: TooLarge (also: `out` is shorter than plan_size()), Malformed (a site in no code segment)
PlanResult<size_t> encode_plan(const PlannedFile& file, std::span<const Segment> segments,
                               std::span<const Site> sites, base::MutableBytes out);

// A decoded plan, every field checked against the limits and against each other.
class PatchPlan {
  public:
    // `bytes` is exactly one plan and outlives the result.
    static PlanResult<PatchPlan> decode(base::Bytes bytes);

    PlannedFile file() const;
    uint32_t segment_count() const { return segment_count_; }
    uint32_t site_count() const { return site_count_; }
    // Preconditions: index < site_count().
    Site site(uint32_t index) const;
    uint32_t check_value(uint32_t index) const;
    // The first site at or behind this offset in the file; site_count() if there is none.
    uint32_t first_site_at(uint64_t file_offset) const;

    // Errors: OtherFile
    PlanResult<void> check_file(const PlannedFile& file) const;
    // True against the whole file: file size and digest as given, and every site. Errors:
    // OtherFile, OtherBytes
    PlanResult<void> verify(const PlannedFile& file, base::Bytes contents) const;

  private:
    explicit PatchPlan(base::Bytes bytes) : bytes_(bytes) {}
    PlanResult<void> check_header() const;
    PlanResult<void> check_segments() const;
    PlanResult<void> check_sites() const;
    base::Bytes segment_entry(uint32_t index) const;
    base::Bytes site_entry(uint32_t index) const;

    base::Bytes bytes_;
    uint32_t segment_count_ = 0;
    uint32_t site_count_ = 0;
};

// Whether `original`, the bytes replaced_start() to resume_address(), are what the plan says and
// can be moved: the check value, the site's own two bytes, whole movable instructions around it.
// Errors: OtherBytes
PlanResult<void> check_site(const Site& site, uint32_t check_value, base::Bytes original);

}  // namespace scone::x86
