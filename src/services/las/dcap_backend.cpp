#include "services/las/dcap_backend.h"

#include <algorithm>

#include "services/las/aesm_client.h"
#include "services/las/state_file.h"

namespace scone::las {
namespace {

using text::ExitCode;

constexpr const char* kDoing = "starting with Intel's quoting enclave";

class DcapBackend final : public QuotingBackend {
  public:
    DcapBackend(AesmClient aesm, AttestationKeyId key, const std::vector<uint8_t>& target_info)
        : aesm_(std::move(aesm)), key_(std::move(key)) {
        target_.kind = channel::QuoteKind::Dcap;
        base::copy_bytes(target_.target_info, target_info);
        // The id of Intel's quoting enclave is known from its quotes only: it stays zero here.
    }

    channel::LasTarget target() const override { return target_; }

    base::Result<std::vector<uint8_t>, channel::ErrorChain> quote(
        base::Bytes report) const override {
        auto quote = aesm_.get_quote(key_, report);
        if (quote)
            return std::move(*quote);
        // The key may be gone, for instance after a TCB update: make it ready once more.
        auto again = aesm_.init_quote(key_);
        if (again)
            quote = aesm_.get_quote(key_, report);
        if (!quote)
            return std::unexpected(channel::ErrorChain{}
                                       .add("Intel's quoting enclave made no quote")
                                       .add(again ? quote.error() : again.error()));
        return std::move(*quote);
    }

    std::vector<std::string> log_lines() const override {
        return {"Quotes are made by Intel's quoting enclave"};
    }

  private:
    AesmClient aesm_;
    AttestationKeyId key_;
    channel::LasTarget target_;
};

}  // namespace

bool sgx_device_is_present(const HardwarePaths& paths) {
    return std::ranges::any_of(paths.devices, file_exists);
}

text::Outcome<std::unique_ptr<QuotingBackend>> open_dcap_backend(const HardwarePaths& paths) {
    if (!sgx_device_is_present(paths))
        return text::failure(
            ExitCode::Unsupported,
            "no SGX device: none of " + paths.devices.front() + " and its older names exists",
            kDoing,
            "switch SGX on in the BIOS and use Linux 5.11 or later, or run "
            "without SGX: --mode sim");
    if (!file_exists(paths.aesm_socket))
        return text::failure(ExitCode::Unsupported,
                             "no AESM service: '" + paths.aesm_socket + "' does not exist", kDoing,
                             "install Intel's sgx-aesm-service with its ECDSA quoting plug-in; in "
                             "a container, mount /var/run/aesmd");
    AesmClient aesm(paths.aesm_socket);
    auto refuse = [](const std::string& why) {
        return text::failure(ExitCode::Unreachable, why, kDoing,
                             "look at the log of aesmd; is the PCK certificate provisioned?");
    };
    auto key = aesm.select_key();
    if (!key)
        return refuse(key.error());
    auto target = aesm.init_quote(*key);
    if (!target)
        return refuse(target.error());
    return std::make_unique<DcapBackend>(std::move(aesm), std::move(*key), *target);
}

}  // namespace scone::las
