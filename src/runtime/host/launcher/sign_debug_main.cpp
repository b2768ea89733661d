// scone-sign-debug: signs one MRENCLAVE with the public debug key, for scone-run.
#include <cstdio>

#include "lib/base/hex.h"
#include "lib/sgx_signing/debug_key.h"
#include "lib/sgx_signing/sigstruct_signer.h"
#include "lib/text/exit_code.h"

namespace {

int refuse(scone::text::ExitCode code, const char* what) {
    std::fprintf(stderr, "scone-sign-debug: %s\n", what);
    return static_cast<int>(code);
}

}  // namespace

int main(int argc, char** argv) {
    using namespace scone;
    sgx_signing::SigstructFields fields;
    if (argc != 2 || !base::hex_decode(argv[1], fields.mr_enclave))
        return refuse(text::ExitCode::Usage, "expected MRENCLAVE as 64 hexadecimal digits");
    auto key = sgx_signing::built_in_debug_key();
    if (!key)
        return refuse(text::ExitCode::Failed, key.error().text);
    auto signed_struct = sgx_signing::sign_sigstruct(fields, *key);
    if (!signed_struct)
        return refuse(text::ExitCode::Failed, signed_struct.error().text);
    if (std::fwrite(&*signed_struct, sizeof *signed_struct, 1, stdout) != 1 ||
        std::fflush(stdout) != 0)
        return refuse(text::ExitCode::Failed, "cannot write the SIGSTRUCT");
    return 0;
}
