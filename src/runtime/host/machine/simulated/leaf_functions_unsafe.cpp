#include <sys/mman.h>

#include "lib/sgx/architecture.h"
#include "runtime/host/machine/hosted_call.h"
#include "runtime/host/machine/simulated/fatal_unsafe.h"
#include "runtime/host/machine/simulated/leaf_functions.h"
#include "runtime/host/machine/simulated/raw_syscall_unsafe.h"

extern "C" uint64_t scone_sim_call_hosted(uint64_t (*function)(void*), void* argument, uint64_t fs,
                                          void* xsave_area);

namespace scone::machine {
namespace {

uint16_t load_secinfo(uint64_t address, const char* leaf) {
    if (address % 64 != 0 || !in_enclave_range(address))
        SCONE_HOST_FATAL("#GP: SECINFO is not 64-byte aligned inside ELRANGE", address);
    // SAFETY: the enclave's own memory; what is not mapped there faults as on hardware.
    auto* secinfo = pointer_to<const sgx::Secinfo>(address);
    if (secinfo->flags & ~uint64_t{kPageFlagsMask})
        SCONE_HOST_FATAL(leaf, secinfo->flags);
    return static_cast<uint16_t>(secinfo->flags);
}

uint16_t& checked_page(uint64_t address) {
    if (address % kPageSize != 0 || !in_enclave_range(address))
        SCONE_HOST_FATAL("#GP: page operand is not a page of ELRANGE", address);
    uint16_t& entry = page_entry(address);
    if (!(entry & kPageValid))
        SCONE_HOST_FATAL("#PF: page operand is not in the EPC", address);
    return entry;
}

// A TCS that is to become usable: what EADD checks of one, EACCEPT checks too.
bool tcs_is_acceptable(uint64_t address) {
    auto* tcs = pointer_to<const sgx::Tcs>(address);
    if ((tcs->flags & ~sgx::kTcsAEXNOTIFY) != 0 || tcs->cssa != 0 || tcs->state != 0)
        return false;
    for (uint8_t byte : tcs->reserved_72)
        if (byte != 0)
            return false;
    return tcs->ossa % kPageSize == 0 && tcs->ofs_base % kPageSize == 0 &&
           tcs->ogs_base % kPageSize == 0;
}

// SDM, EACCEPT: the flags in SECINFO must be what the EPCM has.
uint64_t accept(const LeafRegisters& registers) {
    uint16_t wanted = load_secinfo(registers.rbx, "#GP: EACCEPT with reserved SECINFO flags");
    uint16_t& entry = checked_page(registers.rcx);
    if ((entry & kPageFlagsMask) != wanted)
        return kSGX_PAGE_ATTRIBUTES_MISMATCH;
    if ((wanted & kPageTypeMask) == kSecinfoTypeTcs && !tcs_is_acceptable(registers.rcx))
        SCONE_HOST_FATAL("#GP: EACCEPT of a malformed TCS", registers.rcx);
    entry &= static_cast<uint16_t>(~(kSecinfoPending | kSecinfoModified | kSecinfoPr));
    return kSGX_SUCCESS;
}

uint16_t& accepted_regular_page(uint64_t address, const char* text) {
    uint16_t& entry = checked_page(address);
    if ((entry & kPageTypeMask) != kSecinfoTypeReg ||
        (entry & (kSecinfoPending | kSecinfoModified)))
        SCONE_HOST_FATAL(text, address, entry);
    return entry;
}

// SDM, EMODPE: rights are added, never taken.
void extend_rights(const LeafRegisters& registers) {
    uint16_t wanted = load_secinfo(registers.rbx, "#GP: EMODPE with reserved SECINFO flags");
    uint16_t& entry =
        accepted_regular_page(registers.rcx, "#PF: EMODPE of a page that is no REG page");
    entry |= wanted & (kSecinfoR | kSecinfoW | kSecinfoX);
}

// SDM, EACCEPTCOPY: a pending page takes the content of another and the rights of SECINFO.
uint64_t accept_copy(const LeafRegisters& registers) {
    uint16_t wanted = load_secinfo(registers.rbx, "#GP: EACCEPTCOPY with reserved SECINFO flags");
    uint16_t& target = checked_page(registers.rcx);
    accepted_regular_page(registers.rdx, "#PF: EACCEPTCOPY from a page that is no REG page");
    uint16_t pending = kSecinfoTypeReg | kSecinfoR | kSecinfoW | kSecinfoPending;
    if ((target & kPageFlagsMask) != pending)
        return kSGX_PAGE_ATTRIBUTES_MISMATCH;
    uint64_t to = registers.rcx, from = registers.rdx, count = kPageSize;
    if (target & kPageStaged)
        to += simulated_state.staging_distance;
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
    target = static_cast<uint16_t>((target & ~kPageFlagsMask) | kSecinfoTypeReg |
                                   (wanted & (kSecinfoR | kSecinfoW | kSecinfoX)));
    return kSGX_SUCCESS;
}

uint64_t call_with_vectors_saved(uint64_t (*function)(void*), void* argument, uint64_t fs) {
    // x87, SSE, AVX and AVX-512 in the standard format; XRSTOR wants the header clear.
    alignas(64) uint8_t area[2816];
    for (uint64_t i = 512; i < 576; i++)
        static_cast<volatile uint8_t*>(area)[i] = 0;
    return scone_sim_call_hosted(function, argument, fs, area);
}

uint64_t run_hosted(LogicalProcessor* processor, const LeafRegisters& registers) {
    HostedLeaf call{registers.rax, registers.rbx, registers.rcx, registers.rdx};
    return call_with_vectors_saved(&hosted_leaf, &call, processor->host_fs);
}

}  // namespace

uint64_t call_hosted(uint64_t (*function)(void*), void* argument) noexcept {
    uint64_t fs;
    asm volatile("rdfsbase %0" : "=r"(fs));
    return call_with_vectors_saved(function, argument, fs);
}

extern "C" void scone_sim_leaf_dispatch(LogicalProcessor* processor, LeafRegisters* registers) {
    uint64_t result;
    switch (registers->rax) {
        case kLeafEACCEPT:
            result = accept(*registers);
            break;
        case kLeafEACCEPTCOPY:
            result = accept_copy(*registers);
            break;
        case kLeafEMODPE:
            extend_rights(*registers);
            return;
        case kLeafEREPORT:
            run_hosted(processor, *registers);
            return;
        case kLeafEGETKEY:
            result = run_hosted(processor, *registers);
            break;
        default:
            SCONE_HOST_FATAL("#GP: ENCLU leaf is not supported", registers->rax);
    }
    registers->rax = result;
    registers->rflags = result == kSGX_SUCCESS ? 2 : 2 | kFlagZF;
}

extern "C" void scone_sim_lost_processor() {
    SCONE_HOST_FATAL("ENCLU with a GS base outside of every thread slot");
}

}  // namespace scone::machine
