// The hooks of hook.h: plans, pools of trampolines, and the list of what was rewritten.
#include <atomic>

#include "lib/base/checked.h"
#include "lib/x86/neighbourhood.h"
#include "lib/x86/rewritten_code.h"
#include "runtime/trusted/enclave/offsets.h"
#include "runtime/trusted/enclave/spin_lock.h"
#include "runtime/trusted/enclave/thread_block.h"
#include "runtime/trusted/libos/log.h"
#include "runtime/trusted/libos/mm/address_space.h"
#include "runtime/trusted/libos/mm/pages.h"
#include "runtime/trusted/libos/rewrite/code_analysis.h"
#include "runtime/trusted/libos/rewrite/hook.h"
#include "runtime/trusted/libos/rewrite/plans.h"
#include "runtime/trusted/libos/vector_section.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using enclave::Guard;
using enclave::kPageSize;

// A file is read and analysed only where that brings something: libc has a site in every 4 KiB,
// libcrypto one in 5 MiB, node one in 100 MiB. The others trap.
constexpr uint64_t kFileSizePerSite = 512 << 10;
constexpr uint64_t kMaximumFileSize = 64 << 20;

struct Rewritten {
    x86::RewrittenCode code;
    uint64_t pool_start, pool_end;
};

// Guarded by the mutex of the process's AddressSpace: there is one at a time (exec clears the old
// one before it fills the new one).
struct State {
    Vector<Rewritten> list;
    PlanSet plans;
};
State* state;  // made when it is first needed, never destroyed

State* make_state() {
    if (state == nullptr)
        state = enclave::heap_new<State>();
    return state;
}

std::atomic<Rewriting> mode{Rewriting::On};

bool is_worthwhile(base::Bytes code, uint64_t file_size) {
    uint64_t missing = file_size / kFileSizePerSite + 1;
    for (size_t i = 0; i + 1 < code.size(); ++i) {
        if (code[i] == 0x0F && code[i + 1] == 0x05 && x86::Neighbourhood(code, i).agrees(i) &&
            --missing == 0)
            return true;
    }
    return false;
}

uint64_t size_of(File& file) {
    Stat stat{};
    return file.stat(stat) && stat.size > 0 ? static_cast<uint64_t>(stat.size) : 0;
}

HeapBytes read_whole(File& file, uint64_t size) {
    HeapBytes content(size);
    if (!content)
        return {};
    uint64_t done = 0;
    while (done < content.bytes().size()) {
        IoBuffer rest =
            IoBuffer::of_runtime(content.bytes().data() + done, content.bytes().size() - done);
        const auto count = file.read_at(rest, done);
        if (!count || *count == 0)
            return {};
        done += *count;
    }
    return content;
}

// Fresh pages for trampolines in reach of the code; 0 when there are none.
uint64_t make_pool(AddressSpace& memory, uint64_t near, uint64_t size) {
    const uint64_t start = memory.find_near(near, size);
    if (start == 0 || !pages::commit(start, size, pages::Written::Soon))
        return 0;
    Mapping mapping{
        start, start + size,    kPROT_READ | kPROT_EXEC, kMAP_PRIVATE | kMAP_ANONYMOUS, nullptr,
        0,     Use::Trampolines};
    if (!memory.insert(std::move(mapping))) {
        pages::trim(start, size);
        return 0;
    }
    return start;
}

void report(File& file, const x86::RewrittenCode& code) {
    if (log_level() < Level::Debug)
        return;
    Path path;
    file.describe(path);
    FixedText<kPathMax + 64> text;
    text.append("rewrote ").append_number(code.rewritten_count()).append(" of ");
    text.append_number(code.rewritten_count() + code.left_count());
    text.append(" system call sites of ").append(path.view());
    log(Level::Debug, text.view());
}

void rewrite_by(const x86::PatchPlan& plan, AddressSpace& memory, File& file,
                x86::CodeMapping mapping) {
    const uint64_t wanted = x86::pool_size(plan, mapping.file_offset, mapping.bytes.size());
    const uint64_t size = base::round_up(wanted, kPageSize);
    if (size == 0 || !state->list.reserve(state->list.size() + 1))
        return;
    const uint64_t start = make_pool(memory, mapping.address, size);
    if (start == 0)
        return;
    // SAFETY: the pages were just committed for this and are nobody else's.
    const base::MutableBytes pool(reinterpret_cast<uint8_t*>(start), size);
    const auto choice = mode.load(std::memory_order_relaxed) == Rewriting::Mixed
                            ? x86::SiteChoice::Half
                            : x86::SiteChoice::All;
    const x86::RewrittenCode code =
        x86::RewrittenCode::apply(plan, mapping, {.address = start, .bytes = pool},
                                  {.syscall = SCONE_BLOCK_SYSCALL_ENTRY}, choice);
    // The pages stay writable when their rights cannot be changed: still correct.
    (void)pages::protect(start, size, kPROT_READ | kPROT_EXEC);
    (void)state->list.push(Rewritten{code, start, start + size});  // reserved above
    report(file, code);
}

}  // namespace

void set_rewriting(Rewriting rewriting) {
    mode.store(rewriting, std::memory_order_relaxed);
}

Rewriting rewriting() {
    return mode.load(std::memory_order_relaxed);
}

const PlanSet* use_plans(base::Bytes bytes, const aead::Digest& measured) {
    if (bytes.empty() || measured == aead::Digest{} || make_state() == nullptr)
        return nullptr;
    if (state->plans.accept(bytes, measured, runtime_sha256()))
        return &state->plans;
    log(Level::Warning, "The patch plans are not the measured ones: system calls are found inside");
    return nullptr;
}

bool may_rewrite(File& file) {
    if (mode.load(std::memory_order_relaxed) == Rewriting::Off || make_state() == nullptr)
        return false;
    const uint64_t size = size_of(file);
    return size != 0 && (size <= kMaximumFileSize || !state->plans.empty());
}

void rewrite_code(AddressSpace& memory, File& file, uint64_t address, uint64_t size,
                  uint64_t file_offset) {
    // SAFETY: the caller has just read these pages and still holds them writable.
    const base::MutableBytes code(reinterpret_cast<uint8_t*>(address), size);
    if (mode.load(std::memory_order_relaxed) == Rewriting::Off || make_state() == nullptr)
        return;
    const x86::CodeMapping mapping{.address = address, .file_offset = file_offset, .bytes = code};
    const uint64_t file_size = size_of(file);
    if (const x86::PatchPlan* plan = state->plans.find(file_size, mapping)) {
        rewrite_by(*plan, memory, file, mapping);
        return;
    }
    if (file_size == 0 || file_size > kMaximumFileSize || !is_worthwhile(code, file_size))
        return;
    HeapBytes content = read_whole(file, file_size);
    if (!content)
        return;
    HeapBytes plan_bytes = make_plan(content.bytes());
    if (!plan_bytes)
        return;
    const auto plan = x86::PatchPlan::decode(plan_bytes.bytes());
    if (plan)
        rewrite_by(*plan, memory, file, mapping);
}

std::optional<TrampolineRange> forget_code(uint64_t start, uint64_t end) {
    for (size_t i = 0; state != nullptr && i < state->list.size(); ++i) {
        const Rewritten item = state->list[i];
        if (item.code.code_start() < start || item.code.code_end() > end)
            continue;
        state->list.erase(i);
        return TrampolineRange{item.pool_start, item.pool_end};
    }
    return std::nullopt;
}

uint64_t program_address(AddressSpace& memory, uint64_t rip) {
    Guard guard(memory.mutex);
    if (state == nullptr)
        return rip;
    for (const Rewritten& item : state->list) {
        if (const auto address = item.code.program_address(rip))
            return *address;
    }
    return rip;
}

uint64_t execution_address(AddressSpace& memory, uint64_t rip) {
    Guard guard(memory.mutex);
    if (state == nullptr)
        return rip;
    for (const Rewritten& item : state->list) {
        if (const auto address = item.code.execution_address(rip))
            return *address;
    }
    return rip;
}

}  // namespace scone::libos
