#include "runtime/host/launcher/patch_plans.h"

#include "lib/base/hex.h"
#include "lib/x86_plans/plan_builder.h"
#include "runtime/host/launcher/user_cache.h"

namespace scone::launcher {
namespace {

constexpr const char* kFolder = "plans-2";
// Decoding takes seconds beyond this, at the first start of a program, and brings nothing: what is
// so large has hardly a system call of its own.
constexpr size_t kMaxFileSize = 64 << 20;

}  // namespace

std::vector<uint8_t> cached_plan(const MappedFile& file, const aead::Digest& digest) {
    if (file.bytes().size() > kMaxFileSize)
        return {};
    std::string name(2 * digest.size(), ' ');
    base::hex_encode(digest, name);
    if (auto cached = read_cached(kFolder, name)) {
        const auto plan = x86::PatchPlan::decode(*cached);
        if (plan && plan->check_file({.size = file.bytes().size(), .digest = digest}))
            return *std::move(cached);
    }
    std::vector<uint8_t> plan = x86_plans::make_plan(file.bytes(), digest);
    write_cached(kFolder, name, plan);
    return plan;
}

}  // namespace scone::launcher
