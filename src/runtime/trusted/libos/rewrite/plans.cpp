#include "runtime/trusted/libos/rewrite/plans.h"

#include "lib/aead/page_digests.h"
#include "lib/base/endian.h"

namespace scone::libos {
namespace {

constexpr size_t kHeaderSize = 16;
constexpr size_t kEntryHeaderSize = 48;
constexpr uint32_t kVersion = 2;

bool has_site_in(const x86::PatchPlan& plan, const x86::CodeMapping& mapping) {
    const uint32_t first = plan.first_site_at(mapping.file_offset);
    return first < plan.site_count() &&
           plan.site(first).file_offset - mapping.file_offset < mapping.bytes.size();
}

}  // namespace

bool PlanSet::accept(base::Bytes bytes, const aead::Digest& measured,
                     aead::Sha256Compress compress) {
    // Copied first: what is checked is what is used.
    HeapBytes copy(bytes.size());
    if (bytes.empty() || !copy)
        return false;
    base::copy_bytes(copy.bytes(), bytes);
    if (aead::sha256(copy.bytes(), compress) != measured)
        return false;
    bytes_ = std::move(copy);
    if (read_files())
        return true;
    clear();
    return false;
}

void PlanSet::clear() {
    plans_.clear();
    files_.clear();
    bytes_ = HeapBytes();
}

bool PlanSet::read_files() {
    base::Bytes rest = bytes_.bytes();
    if (rest.size() < kHeaderSize || base::as_text(rest.first(8)) != "SCONEPLS" ||
        base::load_le32(&rest[8]) != kVersion)
        return false;
    const uint32_t count = base::load_le32(&rest[12]);
    rest = rest.subspan(kHeaderSize);
    for (uint32_t i = 0; i < count; ++i)
        if (!read_file(rest))
            return false;
    return rest.empty();
}

bool PlanSet::read_file(base::Bytes& rest) {
    if (rest.size() < kEntryHeaderSize)
        return false;
    KnownFile file{};
    base::copy_bytes(file.digest, rest.first(file.digest.size()));
    file.size = base::load_le64(&rest[32]);
    const uint64_t plan_size = base::load_le64(&rest[40]);
    rest = rest.subspan(kEntryHeaderSize);
    if (plan_size > rest.size())
        return false;
    if (plan_size != 0) {
        const auto plan = x86::PatchPlan::decode(rest.first(plan_size));
        if (!plan || !plans_.push(*plan))
            return false;
    }
    rest = rest.subspan(plan_size);
    const uint64_t pages = aead::page_digest_count(file.size);
    if (pages > rest.size() / aead::kSha256Size)
        return false;
    file.pages = rest.first(pages * aead::kSha256Size);
    rest = rest.subspan(file.pages.size());
    return files_.push(file);
}

const x86::PatchPlan* PlanSet::find(uint64_t file_size, const x86::CodeMapping& mapping) const {
    const x86::PatchPlan* without_sites = nullptr;
    for (const x86::PatchPlan& plan : plans_) {
        if (plan.file().size != file_size)
            continue;
        if (x86::describes(plan, mapping))
            return &plan;
        if (!has_site_in(plan, mapping))
            without_sites = &plan;
    }
    return without_sites;
}

}  // namespace scone::libos
