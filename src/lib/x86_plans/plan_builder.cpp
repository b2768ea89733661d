#include "lib/x86_plans/plan_builder.h"

#include "lib/base/endian.h"
#include "lib/elf/reader.h"

namespace scone::x86_plans {
namespace {

constexpr size_t kMaxSites = 1U << 16;
constexpr size_t kSetHeaderSize = 16;
constexpr size_t kEntryHeaderSize = 48;
constexpr uint32_t kSetVersion = 2;

std::vector<x86::Segment> segments_of(const elf::Reader& reader) {
    std::vector<x86::Segment> segments;
    for (uint32_t i = 0; i < reader.program_header_count(); ++i) {
        const elf::Elf64Phdr header = reader.program_header(i);
        if (header.p_type == elf::kPT_LOAD && header.p_filesz > 0)
            segments.push_back({.file_offset = header.p_offset,
                                .address = header.p_vaddr,
                                .bytes = reader.contents(header),
                                .use = (header.p_flags & elf::kPF_X) != 0 ? x86::SegmentUse::Code
                                                                          : x86::SegmentUse::Data});
    }
    return segments;
}

}  // namespace

std::vector<uint8_t> make_plan(base::Bytes file, const x86::FileDigest& digest) {
    const auto reader = elf::Reader::open(file);
    if (!reader)
        return {};
    const std::vector<x86::Segment> segments = segments_of(*reader);
    std::vector<uint8_t> scratch(x86::scratch_size(segments));
    std::vector<x86::Site> sites(kMaxSites);
    const auto count = x86::find_sites(segments, x86::WantedSites::SyscallAndCpuid, scratch, sites);
    if (!count)
        return {};
    sites.resize(*count);
    size_t code_segments = 0;
    for (const x86::Segment& segment : segments)
        code_segments += segment.use == x86::SegmentUse::Code;
    std::vector<uint8_t> out(x86::plan_size(code_segments, sites.size()));
    const auto size =
        x86::encode_plan({.size = file.size(), .digest = digest}, segments, sites, out);
    if (!size)
        return {};
    out.resize(*size);
    return out;
}

std::vector<uint8_t> make_plan_set(std::span<const FilePlan> files) {
    std::vector<uint8_t> out(kSetHeaderSize);
    base::copy_bytes(out, base::as_bytes("SCONEPLS"));
    base::store_le32(out.data() + 8, kSetVersion);
    base::store_le32(out.data() + 12, static_cast<uint32_t>(files.size()));
    for (const FilePlan& file : files) {
        uint8_t header[kEntryHeaderSize];
        base::copy_bytes(header, file.digest);
        base::store_le64(header + 32, file.size);
        base::store_le64(header + 40, file.plan.size());
        out.insert(out.end(), header, header + sizeof header);
        out.insert(out.end(), file.plan.begin(), file.plan.end());
        for (const aead::Digest& page : file.pages)
            out.insert(out.end(), page.begin(), page.end());
    }
    return out;
}

}  // namespace scone::x86_plans
