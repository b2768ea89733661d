#include "tools/sconify/enclave_files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "lib/aead/host_cpu.h"
#include "lib/base/hex.h"
#include "lib/crypto/hash.h"
#include "lib/sgx/measurement.h"
#include "lib/sgx_signing/debug_key.h"
#include "lib/sgx_signing/sigstruct_signer.h"
#include "lib/x86_plans/plan_builder.h"
#include "tools/oci/file_handle.h"

namespace scone::sconify {
namespace {

using base::Bytes;
using text::ExitCode;
using text::failure;
using text::Outcome;

constexpr size_t kMaxRuntimeFile = 512 << 20;

std::string hex_of(Bytes bytes) {
    std::string out(2 * bytes.size(), '0');
    base::hex_encode(bytes, out);
    return out;
}

bool is_file(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(path, ignored);
}

// Beside the tool or above it: /usr/bin has /usr/lib/scone, a build tree its own folders.
std::string find_runtime_file(const char* name) {
    if (const char* given = std::getenv("SCONE_RUNTIME_DIR"); given != nullptr && *given != 0)
        return fmt::format("{}/{}", given, name);
    std::error_code error;
    const std::filesystem::path tool = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error)
        return "";
    for (std::filesystem::path folder = tool.parent_path(); folder.has_relative_path();
         folder = folder.parent_path()) {
        for (const std::filesystem::path& path :
             {folder / "lib" / "scone" / name, folder / name, folder / "bin" / name})
            if (is_file(path))
                return path;
        // Not beyond the build tree: what lies above it is another one.
        if (is_file(folder / "CMakeCache.txt"))
            break;
    }
    return "";
}

Outcome<std::vector<uint8_t>> read_bytes(const std::string& path) {
    const std::string text = SCONE_TRY(oci::read_file(path, kMaxRuntimeFile));
    const Bytes bytes = base::as_bytes(text);
    return std::vector<uint8_t>(bytes.begin(), bytes.end());
}

struct Measured {
    sgx::FileRole role;
    std::string path;  // real, absolute
    x86_plans::FilePlan plan;
};

std::string real_path(const NativeImage& image, const std::string& path) {
    const auto* node = image.file(path);
    return node != nullptr ? "/" + node->entry.path : path;
}

Outcome<Measured> measure_file(const NativeImage& image, sgx::FileRole role,
                               const std::string& path) {
    const auto* node = image.file(path);
    if (node == nullptr)
        return failure(ExitCode::NotFound, fmt::format("'{}' is not in the image", path));
    const auto content = SCONE_TRY(image.spool->map(node->entry.content));
    const Bytes file = content.bytes();
    x86_plans::FilePlan plan{
        .digest = {},
        .size = file.size(),
        .plan = {},
        .pages = std::vector<aead::Digest>(aead::page_digest_count(file.size()))};
    aead::page_digests(file, aead::host_sha256(), aead::host_sha256_two(), plan.pages);
    plan.digest = aead::content_digest(plan.size, aead::bytes_of(plan.pages), aead::host_sha256());
    plan.plan = x86_plans::make_plan(file, plan.digest);
    return Measured{role, "/" + node->entry.path, std::move(plan)};
}

std::unexpected<text::Failure> bad_runtime(const char* what) {
    return failure(ExitCode::InvalidInput,
                   fmt::format("the runtime's enclave.img cannot be used: {}", what), {},
                   "install it again");
}

}  // namespace

Outcome<RuntimeFiles> find_runtime() {
    const auto read = [](const char* name) -> Outcome<std::vector<uint8_t>> {
        const std::string path = find_runtime_file(name);
        if (!is_file(path))
            return failure(ExitCode::NotFound,
                           fmt::format("the runtime's file '{}' is not installed", name), {},
                           "install the runtime, or name its folder by SCONE_RUNTIME_DIR");
        return read_bytes(path);
    };
    RuntimeFiles out;
    out.starter = SCONE_TRY(read("starter"));
    out.enclave_image = SCONE_TRY(read("enclave.img"));
    return out;
}

Outcome<EnclaveFiles> make_enclave_files(const RuntimeFiles& runtime, const NativeImage& image,
                                         const Program& program, const Options& options) {
    std::vector<Measured> measured;
    measured.push_back(SCONE_TRY(measure_file(image, sgx::FileRole::Program, program.path)));
    const Closure& closure = program.closure;
    if (!closure.interpreter.empty())
        measured.push_back(
            SCONE_TRY(measure_file(image, sgx::FileRole::Interpreter, closure.interpreter)));
    for (const std::string& library : closure.libraries)
        measured.push_back(
            SCONE_TRY(measure_file(image, sgx::FileRole::Library, real_path(image, library))));
    EnclaveFiles out;
    std::vector<sgx::MeasuredFile> files;
    std::vector<x86_plans::FilePlan> plans;
    for (Measured& file : measured) {
        files.push_back({file.role, file.path, file.plan.digest});
        plans.push_back(std::move(file.plan));
    }
    out.plans = x86_plans::make_plan_set(plans);  // docs/formats/output-image.md, section 4

    sgx::Settings settings;
    settings.heap_size = options.heap_size;
    settings.stack_size = options.stack_size;
    settings.dlopen = static_cast<sgx::Dlopen>(options.dlopen);
    settings.mprotect = options.mprotect ? sgx::Mprotect::Allowed : sgx::Mprotect::Refused;
    settings.fork = options.fork ? sgx::Fork::Allowed : sgx::Fork::Refused;
    settings.flags = sgx::kSettingsFlagFsRequired | sgx::kSettingsFlagAttestation;
    settings.plan_digest = crypto::sha256(out.plans);
    out.settings.resize(sgx::kMaxSettingsSize);
    const auto size = sgx::encode_settings(settings, files, out.settings);
    if (!size)
        return failure(ExitCode::InvalidInput,
                       fmt::format("the settings cannot be measured: {} ({})", size.error().text,
                                   size.error().number));
    out.settings.resize(*size);

    const auto mrenclave =
        sgx::measure_enclave(runtime.enclave_image, out.settings, aead::host_sha256());
    if (!mrenclave)
        return bad_runtime(mrenclave.error().text);
    out.mrenclave = hex_of(*mrenclave);
    const auto key = sgx_signing::built_in_debug_key();
    if (!key)
        return failure(ExitCode::Failed, key.error().text);
    const auto sigstruct = sgx_signing::sign_sigstruct({.mr_enclave = *mrenclave}, *key);
    if (!sigstruct)
        return failure(ExitCode::Failed, sigstruct.error().text);
    // SAFETY: Sigstruct is the 1808 bytes of the SDM, without padding.
    const auto* bytes = static_cast<const uint8_t*>(static_cast<const void*>(&*sigstruct));
    out.sigstruct.assign(bytes, bytes + sizeof *sigstruct);
    return out;
}

}  // namespace scone::sconify
