// Any text as TCB info and QE identity, any bytes as a PCK certificate's SGX extension.
#include "lib/attest/qe_identity.h"
#include "lib/attest/tcb_info.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace scone::attest;
    Bytes bytes(data, size);
    std::string_view text = scone::base::as_text(bytes);
    (void)split_signed_document(text, "tcbInfo");
    if (auto identity = parse_qe_identity(text))
        (void)match_qe(*identity, {});
    if (auto info = parse_tcb_info(text)) {
        (void)match_level(*info, {}, nullptr);
        TdReport report{};
        report.tee_tcb_svn[1] = static_cast<uint8_t>(size);
        (void)match_tdx_module(*info, report);
        (void)relaunch_would_help(*info, {}, report);
    }
    (void)parse_pck_extension(bytes);
    return 0;
}
