#include "runtime/trusted/libos/loader/code_rules.h"

#include "runtime/trusted/libos/log.h"

namespace scone::libos::code_rules {
namespace {

using namespace linux_abi;
using sgx::Dlopen;

Dlopen measured = Dlopen::Refused, dlopen = Dlopen::Refused;
sgx::Mprotect mprotect = sgx::Mprotect::Refused;

Result<void> refuse_file(const File& file) {
    Path path;
    file.describe(path);
    FixedText<kPathMax + 400> text;
    text.append("SCONE_ALLOW_DLOPEN=").append_number(static_cast<uint64_t>(dlopen));
    text.append(": ").append(path.view()).append(" is not executed: it ");
    if (dlopen == Dlopen::Authenticated)
        text.append("lies in no authenticated or encrypted region");
    else
        text.append("is not among the files that were measured for the start");
    if (dlopen < measured)
        text.append(
            ". The enclave would permit more, but the service's policy does not: its "
            "environment needs SCONE_ALLOW_DLOPEN, too");
    log(Level::Error, text.view());
    return error(kEACCES);
}

}  // namespace

void initialise(const sgx::Settings& settings) {
    measured = dlopen = settings.dlopen;
    mprotect = settings.mprotect;
}

void restrict_dlopen(Dlopen policy) {
    if (policy < dlopen)
        dlopen = policy;
}

void warn_where_insecure() {
    if (dlopen == Dlopen::Anything)
        log(Level::Warning,
            "SCONE_ALLOW_DLOPEN=2: code that nobody authenticated may be loaded. This is not "
            "secure!");
}

Result<void> check_file(File& file) {
    if (file.origin() == Origin::Measured || dlopen == Dlopen::Anything)
        return {};
    if (dlopen == Dlopen::Refused || file.origin() == Origin::Host)
        return refuse_file(file);
    return {};
}

Result<void> check_change() {
    if (mprotect == sgx::Mprotect::Allowed)
        return {};
    log(Level::Error,
        "SCONE_MPROTECT=0: the program may not make memory executable nor change the rights of "
        "code. "
        "Compilers at run time need SCONE_MPROTECT=1");
    return error(kEACCES);
}

}  // namespace scone::libos::code_rules
