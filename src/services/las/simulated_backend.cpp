#include "services/las/simulated_backend.h"

#include <cstdlib>
#include <cstring>

#include "lib/attest/simulated_quote.h"
#include "lib/base/hex.h"
#include "lib/sgx/simulated_processor.h"
#include "services/las/state_file.h"

namespace scone::las {
namespace {

using attest::SimulatedQuotingEnclave;
using attest::SimulatedQuotingKeys;
using text::ExitCode;

constexpr const char* kAttestationKeyFile = "attestation.key";
constexpr const char* kPckFile = "pck.key";
constexpr const char* kChainFile = "pck_chain.pem";
constexpr const char* kDoing = "starting the simulated quoting enclave";

text::Outcome<sgx::FuseKey> choose_fuse_key() {
    const char* path = std::getenv("SCONE_SIM_FUSE_KEY_FILE");
    if (path == nullptr || *path == '\0')
        return sgx::FuseKey(sgx::kPublicSimulatedFuseKey);
    auto bytes = SCONE_TRY(read_file(path, 64));
    if (bytes.size() != 16)
        return text::failure(ExitCode::InvalidInput,
                             "the simulated fuse key in '" + std::string(path) + "' has " +
                                 std::to_string(bytes.size()) + " bytes, expected 16",
                             kDoing, "unset SCONE_SIM_FUSE_KEY_FILE, or write 16 bytes to it");
    return sgx::FuseKey(bytes.expose().first<16>());
}

text::Outcome<SimulatedQuotingKeys> load_keys(const std::string& folder) {
    auto attestation_key = crypto::PrivateKey::from_pem(
        SCONE_TRY(read_file(folder + "/" + kAttestationKeyFile, 65536)).expose_text());
    auto pck = crypto::PrivateKey::from_pem(
        SCONE_TRY(read_file(folder + "/" + kPckFile, 65536)).expose_text());
    auto chain = SCONE_TRY(read_file(folder + "/" + kChainFile, 65536));
    if (!attestation_key || !pck)
        return text::failure(ExitCode::InvalidInput,
                             "a key in '" + folder + "' is not a private key in PEM", kDoing,
                             "remove the folder: new keys are made at the next start");
    return SimulatedQuotingKeys{std::move(*attestation_key), std::move(*pck),
                                std::string(chain.expose_text())};
}

text::Outcome<SimulatedQuotingKeys> make_keys(const std::string& folder,
                                              const sgx::FuseKey& fuse_key) {
    auto keys = attest::make_simulated_quoting_keys(fuse_key);
    if (!keys)
        return text::failure(ExitCode::Failed, keys.error().text, kDoing);
    auto attestation_pem = keys->attestation_key.pkcs8_pem();
    auto pck_pem = keys->pck.pkcs8_pem();
    if (!attestation_pem || !pck_pem)
        return text::failure(ExitCode::Failed, "cannot encode the new keys", kDoing);
    // The attestation key last: where it is, everything is.
    SCONE_TRY(write_file(folder, kPckFile, pck_pem->expose()));
    SCONE_TRY(write_file(folder, kChainFile, base::as_bytes(keys->pck_chain_pem)));
    SCONE_TRY(write_file(folder, kAttestationKeyFile, attestation_pem->expose()));
    return std::move(*keys);
}

std::string hex(base::Bytes bytes) {
    std::string out(bytes.size() * 2, '0');
    base::hex_encode(bytes, out);
    return out;
}

class SimulatedBackend final : public QuotingBackend {
  public:
    SimulatedBackend(SimulatedQuotingEnclave enclave, std::string public_key)
        : enclave_(std::move(enclave)), public_key_(std::move(public_key)) {}

    channel::LasTarget target() const override {
        channel::LasTarget target;
        target.kind = channel::QuoteKind::Simulated;
        target.qe_id = enclave_.qe_id();
        sgx::TargetInfo info = enclave_.target_info();
        std::memcpy(target.target_info.data(), &info, sizeof info);
        return target;
    }

    base::Result<std::vector<uint8_t>, channel::ErrorChain> quote(
        base::Bytes bytes) const override {
        sgx::Report report;
        if (bytes.size() != sizeof report)
            return std::unexpected(channel::ErrorChain{}.add("The report is not 432 bytes"));
        std::memcpy(&report, bytes.data(), sizeof report);
        auto quote = enclave_.quote(report);
        if (!quote)
            return std::unexpected(
                channel::ErrorChain{}
                    .add("The simulated quoting enclave refused the report")
                    .add(quote.error().text)
                    .add("Enclave and LAS may run on different machines, or with different "
                         "SCONE_SIM_FUSE_KEY_FILE"));
        return std::move(*quote);
    }

    std::vector<std::string> log_lines() const override {
        return {"SCONE QE has MRENCLAVE " + hex(enclave_.mr_enclave()),
                "SCONE QE has public key " + public_key_,
                "Simulated QE ID: " + hex(enclave_.qe_id()),
                "Quotes are simulated: they protect nothing and prove nothing about hardware"};
    }

  private:
    SimulatedQuotingEnclave enclave_;
    std::string public_key_;
};

}  // namespace

text::Outcome<std::unique_ptr<QuotingBackend>> open_simulated_backend(const std::string& folder) {
    sgx::FuseKey fuse_key = SCONE_TRY(choose_fuse_key());
    SCONE_TRY(make_state_folder(folder));
    bool is_first_start = !file_exists(folder + "/" + kAttestationKeyFile);
    SimulatedQuotingKeys keys =
        is_first_start ? SCONE_TRY(make_keys(folder, fuse_key)) : SCONE_TRY(load_keys(folder));
    auto public_key = keys.attestation_key.public_key();
    auto point = public_key
                     ? public_key->p256_point()
                     : crypto::Result<base::ByteArray<64>>(std::unexpected(public_key.error()));
    if (!point)
        return text::failure(ExitCode::InvalidInput,
                             "the attestation key in '" + folder + "' is not a P-256 key", kDoing);
    auto enclave = SimulatedQuotingEnclave::start(fuse_key, std::move(keys));
    if (!enclave)
        return text::failure(ExitCode::InvalidInput,
                             std::string(enclave.error().text) + " (state in '" + folder + "')",
                             kDoing, "use another folder: --state DIR");
    return std::make_unique<SimulatedBackend>(std::move(*enclave), hex(*point));
}

}  // namespace scone::las
