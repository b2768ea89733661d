// EREPORT and EGETKEY: the leaves that need cryptography.
#include <sys/random.h>

#include <cstdio>
#include <cstdlib>

#include "lib/sgx/attributes.h"
#include "lib/sgx/report.h"
#include "lib/sgx/simulated_processor.h"
#include "runtime/host/machine/simulated/fatal_unsafe.h"
#include "runtime/host/machine/simulated/leaf_functions.h"
#include "runtime/host/machine/simulated/raw_syscall_unsafe.h"

namespace scone::machine {
namespace {

sgx::FuseKey fuse_key;
base::ByteArray<32> report_key_id;

sgx::SimulatedProcessor processor() {
    return {fuse_key, sgx::kSimulatedCpuSvn, sgx::kSimulatedOwnerEpoch};
}

template <class T>
T* operand(uint64_t address, uint64_t alignment, const char* text) {
    if (address % alignment != 0 || !in_enclave_range(address) ||
        sizeof(T) > simulated_state.end - address)
        SCONE_HOST_FATAL(text, address);
    // SAFETY: aligned and inside ELRANGE; an unmapped page faults as on hardware.
    return pointer_to<T>(address);
}

uint64_t report(const HostedLeaf& call) {
    auto* target = operand<sgx::TargetInfo>(call.rbx, sgx::kTargetInfoAlignment,
                                            "#GP: EREPORT with a misplaced TARGETINFO");
    auto* data = operand<base::ByteArray<64>>(call.rcx, sgx::kReportDataAlignment,
                                              "#GP: EREPORT with a misplaced REPORTDATA");
    auto* out = operand<sgx::Report>(call.rdx, sgx::kReportAlignment,
                                     "#GP: EREPORT with a misplaced REPORT");
    auto made =
        sgx::make_report(processor(), simulated_state.identity, *target, *data, report_key_id);
    if (!made)
        SCONE_HOST_FATAL("#GP: EREPORT with a malformed TARGETINFO", made.error().number);
    *out = *made;
    return kSGX_SUCCESS;
}

// SDM, EGETKEY, "Operation": which refusals have an error code.
uint64_t refusal_code(const sgx::KeyRequest& request) {
    const auto& identity = simulated_state.identity;
    switch (request.key_name) {
        case sgx::kKeyREPORT:
            return 0;
        case sgx::kKeyEINITTOKEN:
            if (!(identity.attributes.flags & sgx::kAttributeEINITTOKEN_KEY))
                return kSGX_INVALID_ATTRIBUTE;
            break;
        case sgx::kKeyPROVISION:
        case sgx::kKeyPROVISION_SEAL:
            if (!(identity.attributes.flags & sgx::kAttributePROVISIONKEY))
                return kSGX_INVALID_ATTRIBUTE;
            break;
        case sgx::kKeySEAL:
            break;
        default:
            return kSGX_INVALID_KEYNAME;
    }
    if (request.isv_svn > identity.isv_svn)
        return kSGX_INVALID_ISVSVN;
    for (size_t i = 0; i < request.cpu_svn.size(); i++)
        if (request.cpu_svn[i] > sgx::kSimulatedCpuSvn[i])
            return kSGX_INVALID_CPUSVN;
    return 0;
}

uint64_t key(const HostedLeaf& call) {
    auto* request = operand<sgx::KeyRequest>(call.rbx, sgx::kKeyRequestAlignment,
                                             "#GP: EGETKEY with a misplaced KEYREQUEST");
    auto* out = operand<sgx::Key128>(call.rcx, 16, "#GP: EGETKEY with a misplaced output");
    sgx::KeyRequest copy = *request;
    auto derived = sgx::get_key(processor(), simulated_state.identity, copy);
    if (derived) {
        base::copy_bytes(*out, derived->expose());
        return kSGX_SUCCESS;
    }
    uint64_t code = refusal_code(copy);
    if (code == 0)
        SCONE_HOST_FATAL("#GP: EGETKEY with a malformed KEYREQUEST", derived.error().number);
    return code;
}

}  // namespace

uint64_t hosted_leaf(void* argument) {
    auto& call = *static_cast<const HostedLeaf*>(argument);
    return call.leaf == kLeafEREPORT ? report(call) : key(call);
}

text::Outcome<void> choose_fuse_key() {
    if (getrandom(report_key_id.data(), report_key_id.size(), 0) != ssize_t(report_key_id.size()))
        return text::failure(text::ExitCode::RuntimeFatal, "the kernel gives no random bytes");
    const char* path = std::getenv("SCONE_SIM_FUSE_KEY_FILE");
    if (path == nullptr || *path == 0) {
        fuse_key = sgx::FuseKey(sgx::kPublicSimulatedFuseKey);
        return {};
    }
    base::ByteArray<17> bytes{};
    size_t size = 0;
    if (std::FILE* file = std::fopen(path, "rbe")) {
        size = std::fread(bytes.data(), 1, bytes.size(), file);
        std::fclose(file);
    }
    if (size != 16)
        return text::failure(
            text::ExitCode::RuntimeFatal,
            std::string("SCONE_SIM_FUSE_KEY_FILE: expected a file of 16 bytes: ") + path);
    fuse_key = sgx::FuseKey(std::span<const uint8_t, 16>(bytes.data(), 16));
    return {};
}

}  // namespace scone::machine
