// What an enclave says to CAS, without an enclave: a TLS key, a report of the simulated processor
// that binds it, a quote of a simulated quoting enclave.
#pragma once

#include <expected>
#include <optional>

#include "cas_process.h"
#include "lib/attest/simulated_quote.h"
#include "lib/channel/messages.h"
#include "lib/sgx/report.h"
#include "services/net/frame_client.h"

namespace scone::test {

struct EnclaveProperties {
    sgx::Measurement256 mr_enclave{};
    sgx::Measurement256 mr_signer{};
    uint16_t isv_prod_id = 0;
    uint16_t isv_svn = 0;
};

// The machine: its fuses and its quoting enclave. Shared by the enclaves that run on it.
class SimulatedMachine {
  public:
    SimulatedMachine();
    std::vector<uint8_t> quote(const EnclaveProperties& enclave,
                               const base::ByteArray<64>& report_data) const;
    base::ByteArray<16> qe_id() const { return qe_.qe_id(); }

  private:
    sgx::FuseKey fuse_key_;
    attest::SimulatedQuotingEnclave qe_;
};

class EnclaveDouble {
  public:
    // Makes a key and its quote.
    EnclaveDouble(const SimulatedMachine& machine, const EnclaveProperties& properties);

    // The configuration, or CAS's error chain as the runtime prints it.
    std::expected<channel::Configuration, std::string> configure(
        const net::TlsClientOptions& options, const std::string& config_id,
        const std::string& token = {});
    // On the connection of the last configure(). Empty when stored.
    std::string update_tag(const std::string& volume, const base::ByteArray<16>& old_tag,
                           const base::ByteArray<16>& new_tag);
    std::string say_exit(uint64_t status);
    // Shows this enclave's quote over a connection with another key.
    const net::ClientIdentity& identity() const { return identity_; }
    base::Bytes quote() const { return quote_; }
    void use_identity(net::ClientIdentity other) { identity_ = std::move(other); }

  private:
    using Connection = net::FrameClient<net::TlsClient>;
    // The answer's payload, or the error chain's text.
    std::expected<std::vector<uint8_t>, std::string> call(
        channel::Result<crypto::SecretBytes>&& message, channel::MessageType answer);

    net::ClientIdentity identity_;
    std::vector<uint8_t> quote_;
    std::optional<Connection> connection_;
};

}  // namespace scone::test
