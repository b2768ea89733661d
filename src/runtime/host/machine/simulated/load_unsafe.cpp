// ECREATE, EADD, EEXTEND and EINIT of the simulated machine.
#include <sys/mman.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "lib/aead/host_cpu.h"
#include "lib/base/checked.h"
#include "lib/sgx/attributes.h"
#include "lib/sgx/sigstruct.h"
#include "runtime/host/machine/simulated/leaf_functions.h"
#include "runtime/host/machine/simulated/raw_syscall_unsafe.h"
#include "runtime/host/machine/simulated/simulated_machine.h"

extern "C" {
uint64_t scone_sim_slots_start;
uint64_t scone_sim_slot_count;
scone::machine::LogicalProcessor* scone_sim_processors;
extern const uint8_t scone_sim_leaf_exit[], scone_sim_leaf_other[];
}

namespace scone::machine {

SimulatedState simulated_state;

namespace {

using text::ExitCode;
using text::Outcome;

constexpr uint64_t kFirstMapped = 64 * 1024;
constexpr uint64_t kOpenStep = 2 << 20;
constexpr uint64_t kThunkSize = 32;
constexpr uint64_t kThunksOffset = 64;
constexpr uint8_t kEncluSlot[8] = {0x0f, 0x01, 0xd7, 0x0f, 0x1f, 0x44, 0x00, 0x00};

std::unexpected<text::Failure> refuse(std::string what) {
    return text::failure(ExitCode::RuntimeFatal, std::move(what), "creating the enclave");
}
std::unexpected<text::Failure> refuse_errno(std::string what) {
    return refuse(std::move(what) + ": " + std::strerror(errno));
}

// SDM, ECREATE: what it demands of the SECS.
Outcome<void> check_parameters(const EnclaveParameters& p) {
    if (p.size < (2 << 20) || (p.size & (p.size - 1)) != 0 || p.base % p.size != 0)
        return refuse("the enclave's size must be a power of two and its base a multiple of it");
    if (p.ssa_frame_pages == 0 || (p.xfrm & 3) != 3)
        return refuse("SSAFRAMESIZE must not be 0 and XFRM must have x87 and SSE");
    if ((p.attribute_flags & sgx::kAttributeINIT) ||
        !(p.attribute_flags & sgx::kAttributeMODE64BIT))
        return refuse("ATTRIBUTES must have MODE64BIT and not INIT");
    uint64_t extended_size = p.xfrm & sgx::kXfrmAVX512 ? 2688 : p.xfrm & sgx::kXfrmAVX ? 832 : 576;
    if ((p.xfrm & ~(sgx::kXfrmLegacy | sgx::kXfrmAVX | sgx::kXfrmAVX512)) != 0 ||
        extended_size + sgx::kSsaExInfoOffsetFromEnd > p.ssa_frame_pages * kPageSize)
        return refuse("an SSA frame cannot hold the state that XFRM names");
    if (p.slot_size != uint64_t{1} << SCONE_SLOT_SHIFT || p.slot_count == 0 ||
        !base::range_fits(p.slots_offset, p.slot_count * p.slot_size, p.size))
        return refuse("thread slots must be 256 KiB each and lie in ELRANGE");
    return {};
}

Outcome<uint64_t> map_private(uint64_t at, uint64_t size, int protection, int extra_flags) {
    void* result = mmap(pointer_to<void>(at), size, protection,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | extra_flags, -1, 0);
    if (result == MAP_FAILED)
        return refuse_errno("cannot reserve the enclave's address range");
    if (at != 0 && address_of(result) != at) {
        munmap(result, size);
        return refuse("the enclave's address range is in use");
    }
    return address_of(result);
}

// sgx::check_einit and verify_sigstruct speak of offsets; users are told what it means.
std::string describe(const sgx::Error& error) {
    return std::string("EINIT refused the SIGSTRUCT: ") + error.text + " (at offset " +
           std::to_string(error.number) + ")";
}

// cmp $4,%eax; jne +6; jmp *exit(%rip); call *other(%rip); jmp slot + 8
void write_thunk(uint8_t* thunk, uint64_t table, uint64_t slot) {
    auto at = address_of(thunk);
    auto relative = [](uint64_t target, uint64_t next) {
        return static_cast<uint32_t>(target - next);
    };
    const uint8_t head[] = {0x83, 0xf8, 0x04, 0x75, 0x06, 0xff, 0x25};
    std::memcpy(thunk, head, sizeof head);
    uint32_t value = relative(table, at + 11);
    std::memcpy(thunk + 7, &value, 4);
    thunk[11] = 0xff;
    thunk[12] = 0x15;
    value = relative(table + 8, at + 17);
    std::memcpy(thunk + 13, &value, 4);
    thunk[17] = 0xe9;
    value = relative(slot + sizeof kEncluSlot, at + 22);
    std::memcpy(thunk + 18, &value, 4);
}

}  // namespace

Outcome<void> SimulatedMachine::create(const EnclaveParameters& p) {
    if (simulated_state.end != 0)
        return refuse("this process has its enclave already");
    SCONE_TRY(check_parameters(p));
    SCONE_TRY(choose_fuse_key());
    // ELRANGE itself: no access until a page is added.
    uint64_t first = p.base < kFirstMapped ? kFirstMapped : p.base;
    SCONE_TRY(map_private(first, p.base + p.size - first, PROT_NONE, MAP_FIXED_NOREPLACE));
    uint64_t map_size = p.size / kPageSize * sizeof(uint16_t);
    uint64_t map = SCONE_TRY(map_private(0, map_size, PROT_READ | PROT_WRITE, 0));
    uint64_t staging = SCONE_TRY(map_private(0, p.size, PROT_READ | PROT_WRITE, 0));
    uint64_t processors_size = p.slot_count * sizeof(LogicalProcessor);
    uint64_t processors = SCONE_TRY(map_private(0, processors_size, PROT_READ | PROT_WRITE, 0));

    SimulatedState& state = simulated_state;
    state.base = p.base;
    state.end = p.base + p.size;
    state.page_map = pointer_to<uint16_t>(map);
    state.staging_distance = staging - p.base;
    state.processors = pointer_to<LogicalProcessor>(processors);
    state.slots_start = p.base + p.slots_offset;
    state.slot_count = p.slot_count;
    state.parameters = p;
    state.identity.attributes = {p.attribute_flags, p.xfrm};
    state.identity.misc_select = p.misc_select;
    scone_sim_slots_start = state.slots_start;
    scone_sim_slot_count = state.slot_count;
    scone_sim_processors = state.processors;
    measurement_.emplace(p.size, p.ssa_frame_pages, aead::host_sha256());
    return {};
}

// Pages are written while loading and get their rights in init().
Outcome<void> SimulatedMachine::open_for_writing(uint64_t address, uint64_t size) {
    for (auto [begin, end] : opened_)
        if (address >= begin && address + size <= end)
            return {};
    uint64_t begin = address & ~(kOpenStep - 1);
    uint64_t end = base::round_up(address + size, kOpenStep);
    // SAFETY: ELRANGE is a multiple of the step; ranges that overlap are only opened twice.
    if (begin < simulated_state.base + kFirstMapped && simulated_state.base == 0)
        begin = kFirstMapped;
    if (mprotect(pointer_to<void>(begin), end - begin, PROT_READ | PROT_WRITE) != 0)
        return refuse_errno("cannot open enclave pages for loading");
    opened_.emplace_back(begin, end);
    return {};
}

void SimulatedMachine::offer_file(base::Bytes mapped, int descriptor) {
    struct statvfs status;
    // From a file system without execution nothing can be mapped for it: pages are copied then.
    if (fstatvfs(descriptor, &status) != 0 || (status.f_flag & ST_NOEXEC) != 0)
        return;
    file_ = mapped;
    file_descriptor_ = descriptor;
}

std::optional<uint64_t> SimulatedMachine::file_offset_of(base::Bytes content) const {
    if (content.empty() || content.data() < file_.data() ||
        content.data() + content.size() > file_.data() + file_.size())
        return std::nullopt;
    auto offset = static_cast<uint64_t>(content.data() - file_.data());
    return offset % kPageSize == 0 ? std::optional(offset) : std::nullopt;
}

// Neighbours in memory and file become one mapping.
Outcome<void> SimulatedMachine::map_from_file(uint64_t address, uint64_t offset, uint64_t size) {
    FileMapping& next = next_mapping_;
    if (next.size != 0 && next.address + next.size == address &&
        next.file_offset + next.size == offset) {
        next.size += size;
        return {};
    }
    SCONE_TRY(finish_mapping());
    next = {address, offset, size};
    return {};
}

Outcome<void> SimulatedMachine::finish_mapping() {
    FileMapping mapping = std::exchange(next_mapping_, {});
    if (mapping.size == 0)
        return {};
    void* result = mmap(pointer_to<void>(mapping.address), mapping.size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, file_descriptor_,
                        static_cast<off_t>(mapping.file_offset));
    if (result == MAP_FAILED)
        return refuse_errno("cannot map the enclave image");
    opened_.emplace_back(mapping.address, mapping.address + mapping.size);
    return {};
}

Outcome<void> SimulatedMachine::add_pages(uint64_t offset, uint64_t count, base::Bytes content,
                                          uint64_t flags, Measured measured) {
    const SimulatedState& state = simulated_state;
    uint64_t size = count * kPageSize;
    if (!measurement_ || state.initialised)
        return refuse("pages can be added between ECREATE and EINIT only");
    if (offset % kPageSize != 0 || count > state.parameters.size / kPageSize ||
        !base::range_fits(offset, size, state.parameters.size) ||
        (!content.empty() && content.size() != size))
        return refuse("added pages must lie in ELRANGE and come whole");
    uint64_t type = flags & kSecinfoTypeMask, rights = flags & 7;
    if ((flags & ~uint64_t{kSecinfoTypeMask | 7}) != 0 ||
        !((type == kSecinfoTypeTcs && rights == 0) ||
          (type == kSecinfoTypeReg && (rights & kSecinfoR || rights == 0))))
        return refuse("an added page must be of type REG or TCS with rights that fit");
    uint64_t address = state.base + offset;
    const uint8_t* measured_bytes = pointer_to<uint8_t>(address);
    if (auto file_offset = file_offset_of(content)) {
        SCONE_TRY(map_from_file(address, *file_offset, size));
        measured_bytes = content.data();
    } else {
        SCONE_TRY(open_for_writing(address, size));
        if (!content.empty())
            std::memcpy(pointer_to<void>(address), content.data(), size);
    }
    for (uint64_t i = 0; i < count; i++) {
        uint64_t at = address + i * kPageSize;
        if (page_entry(at) & kPageValid)
            return refuse("a page was added twice");
        page_entry(at) = static_cast<uint16_t>(flags | kPageValid);
        measurement_->add_page(at - state.base, flags);
        if (measured == Measured::Yes)
            measurement_->extend_page(
                at - state.base,
                std::span<const uint8_t, kPageSize>(measured_bytes + i * kPageSize, kPageSize));
    }
    return {};
}

Outcome<void> SimulatedMachine::set_enclu_slots(std::span<const uint64_t> addresses) {
    SCONE_TRY(finish_mapping());
    for (uint64_t address : addresses) {
        if (address % 8 != 0 || !in_enclave_range(address) || !(page_entry(address) & kPageValid) ||
            !(page_entry(address) & kSecinfoX) ||
            std::memcmp(pointer_to<void>(address), kEncluSlot, sizeof kEncluSlot) != 0)
            return refuse("the image names an enclu slot where there is none");
    }
    enclu_slots_.assign(addresses.begin(), addresses.end());
    return {};
}

// Behind ELRANGE: the addresses of the two leaf functions, then a thunk for each slot, which knows
// where to go on behind its slot.
Outcome<void> SimulatedMachine::build_leaf_pages() {
    uint64_t table = simulated_state.end;
    uint64_t size = base::round_up(kThunksOffset + enclu_slots_.size() * kThunkSize, kPageSize);
    SCONE_TRY(map_private(table, size, PROT_READ | PROT_WRITE, MAP_FIXED_NOREPLACE));
    auto* entries = pointer_to<uint64_t>(table);
    entries[0] = address_of(scone_sim_leaf_exit);
    entries[1] = address_of(scone_sim_leaf_other);
    for (size_t i = 0; i < enclu_slots_.size(); i++) {
        uint64_t slot = enclu_slots_[i];
        uint64_t thunk = table + kThunksOffset + i * kThunkSize;
        if (thunk - slot > (uint64_t{1} << 31) - kPageSize)
            return refuse("an enclu slot lies more than 2 GiB below the end of ELRANGE");
        write_thunk(pointer_to<uint8_t>(thunk), table, slot);
        auto* code = pointer_to<uint8_t>(slot);
        auto distance = static_cast<uint32_t>(thunk - (slot + 5));
        code[0] = 0xe9;
        std::memcpy(code + 1, &distance, 4);
    }
    if (mprotect(pointer_to<void>(table), size, PROT_READ | PROT_EXEC) != 0)
        return refuse_errno("cannot make the leaf pages executable");
    simulated_state.leaf_pages_end = table + size;
    return {};
}

// Each page gets the rights of its EPCM entry; what was opened but not added loses all.
Outcome<void> SimulatedMachine::close_pages() {
    auto protection_of = [](uint64_t address) {
        uint16_t entry = page_entry(address);
        if (!(entry & kPageValid))
            return PROT_NONE;
        // The processor itself writes TCS pages.
        if ((entry & kPageTypeMask) == kSecinfoTypeTcs)
            return PROT_READ | PROT_WRITE;
        return entry & 7;
    };
    for (auto [begin, end] : opened_) {
        uint64_t at = begin;
        while (at < end) {
            int protection = protection_of(at);
            uint64_t stop = at;
            for (; stop < end && protection_of(stop) == protection; stop += kPageSize)
                page_entry(stop) |= static_cast<uint16_t>(protection << kPageTableShift);
            if (mprotect(pointer_to<void>(at), stop - at, protection) != 0)
                return refuse_errno("cannot set the rights of enclave pages");
            at = stop;
        }
    }
    return prepare_locking();
}

// The test mode that shows which host code looks into the enclave. For programs of one thread.
Outcome<void> SimulatedMachine::prepare_locking() {
    const char* wanted = std::getenv("SCONE_SIM_LOCK_ELRANGE");
    if (wanted == nullptr || *wanted != '1')
        return {};
    SimulatedState& state = simulated_state;
    uint64_t count = (state.end - state.base) / kLockChunk;
    uint64_t chunks = SCONE_TRY(map_private(0, count, PROT_READ | PROT_WRITE, 0));
    state.lock_chunks = pointer_to<uint8_t>(chunks);
    for (auto [begin, end] : opened_)
        for (uint64_t at = begin; at < end; at += kPageSize)
            state.lock_chunks[(at - state.base) / kLockChunk] = 1;
    state.lock_while_outside = true;
    return {};
}

Outcome<void> SimulatedMachine::init(base::Bytes bytes) {
    SimulatedState& state = simulated_state;
    if (!measurement_ || state.initialised)
        return refuse("EINIT comes once, after ECREATE");
    sgx::Measurement final_measurement = *measurement_;
    sgx::Measurement256 mr_enclave = final_measurement.finish();
    auto verified = sgx::verify_sigstruct(bytes);
    if (!verified)
        return refuse(describe(verified.error()));
    sgx::Secs secs{};
    secs.size = state.parameters.size;
    secs.base_address = state.base;
    secs.ssa_frame_size = state.parameters.ssa_frame_pages;
    secs.misc_select = state.parameters.misc_select;
    secs.attributes = state.identity.attributes;
    if (auto checked = sgx::check_einit(*verified, secs, mr_enclave); !checked)
        return refuse(describe(checked.error()));
    sgx::EnclaveIdentity& identity = state.identity;
    const sgx::Sigstruct& fields = verified->fields();
    identity.mr_enclave = mr_enclave;
    identity.mr_signer = verified->mr_signer();
    identity.isv_prod_id = fields.isv_prod_id;
    identity.isv_svn = fields.isv_svn;
    identity.attributes.flags |= sgx::kAttributeINIT;
    if (identity.attributes.flags & sgx::kAttributeKSS) {
        identity.isv_family_id = fields.isv_family_id;
        identity.isv_ext_prod_id = fields.isv_ext_prod_id;
    }
    SCONE_TRY(finish_mapping());
    SCONE_TRY(build_leaf_pages());
    SCONE_TRY(close_pages());
    state.initialised = true;
    return {};
}

base::ByteArray<32> SimulatedMachine::measurement() const {
    if (!measurement_)
        return {};
    sgx::Measurement copy = *measurement_;
    return copy.finish();
}

}  // namespace scone::machine
