#include "runtime/host/launcher/sigstruct_store.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "lib/base/hex.h"
#include "lib/sgx/sigstruct.h"
#include "runtime/host/launcher/user_cache.h"

extern char** environ;

namespace scone::launcher {
namespace {

using text::ExitCode;
using text::Outcome;

constexpr const char* kFolder = "sigstructs-1";
constexpr size_t kSize = sizeof(sgx::Sigstruct);

std::string hex_of(const sgx::Measurement256& value) {
    std::string text(2 * value.size(), ' ');
    base::hex_encode(value, text);
    return text;
}

std::unexpected<text::Failure> cannot_sign(std::string why) {
    return text::failure(ExitCode::RuntimeFatal, "cannot sign the enclave: " + std::move(why),
                         "signing with the debug key");
}

// Reads until the end, at most one byte more than a SIGSTRUCT.
std::vector<uint8_t> read_answer(int descriptor) {
    std::vector<uint8_t> answer(kSize + 1);
    size_t size = 0;
    while (size < answer.size()) {
        ssize_t got = read(descriptor, answer.data() + size, answer.size() - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        size += static_cast<size_t>(got);
    }
    answer.resize(size);
    return answer;
}

Outcome<std::vector<uint8_t>> run_signer(const std::string& program, std::string mr_enclave) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return cannot_sign(std::strerror(errno));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    std::string name = program;
    char* arguments[] = {name.data(), mr_enclave.data(), nullptr};
    pid_t child = 0;
    int error = posix_spawn(&child, program.c_str(), &actions, nullptr, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    std::vector<uint8_t> answer;
    int status = -1;
    if (error == 0) {
        answer = read_answer(ends[0]);
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
    }
    close(ends[0]);
    if (error != 0)
        return cannot_sign(program + ": " + std::strerror(error));
    if (status != 0 || answer.size() != kSize)
        return cannot_sign(program + " failed");
    return answer;
}

// In a build tree it lies beside scone-run, where that is installed in ../lib/scone.
std::string find_signer(const std::string& tool_folder) {
    const std::string places[] = {tool_folder, tool_folder + "/../lib/scone"};
    for (const std::string& place : places)
        if (const std::string path = place + "/" + kDebugSigner; access(path.c_str(), X_OK) == 0)
            return path;
    return std::string("/usr/lib/scone/") + kDebugSigner;
}

bool is_usable(const std::vector<uint8_t>& bytes, const sgx::Measurement256& mr_enclave) {
    auto verified = sgx::verify_sigstruct(bytes);
    return verified && verified->mr_enclave() == mr_enclave;
}

}  // namespace

Outcome<std::vector<uint8_t>> debug_sigstruct(const sgx::Measurement256& mr_enclave,
                                              const std::string& tool_folder) {
    std::string name = hex_of(mr_enclave);
    if (auto cached = read_cached(kFolder, name); cached && is_usable(*cached, mr_enclave))
        return *std::move(cached);
    const std::string program = find_signer(tool_folder);
    auto made = SCONE_TRY(run_signer(program, name));
    if (!is_usable(made, mr_enclave))
        return cannot_sign(program + " gave a SIGSTRUCT that is not for this enclave");
    write_cached(kFolder, name, made);
    return made;
}

}  // namespace scone::launcher
