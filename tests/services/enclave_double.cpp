#include "enclave_double.h"

#include "lib/channel/tls_session.h"
#include "lib/sgx/attributes.h"
#include "lib/sgx/simulated_processor.h"

namespace scone::test {
namespace {
constexpr int kTimeoutMs = 20'000;

sgx::FuseKey public_fuse_key() {
    return sgx::FuseKey(std::span<const uint8_t, 16>(sgx::kPublicSimulatedFuseKey));
}
}  // namespace

SimulatedMachine::SimulatedMachine()
    : fuse_key_(public_fuse_key()),
      qe_(attest::SimulatedQuotingEnclave::start(
              fuse_key_, attest::make_simulated_quoting_keys(fuse_key_).value())
              .value()) {}

std::vector<uint8_t> SimulatedMachine::quote(const EnclaveProperties& enclave,
                                             const base::ByteArray<64>& report_data) const {
    sgx::EnclaveIdentity identity;
    identity.attributes = {sgx::kAttributeINIT | sgx::kAttributeMODE64BIT, sgx::kXfrmLegacy};
    identity.mr_enclave = enclave.mr_enclave;
    identity.mr_signer = enclave.mr_signer;
    identity.isv_prod_id = enclave.isv_prod_id;
    identity.isv_svn = enclave.isv_svn;
    auto report = sgx::make_report({fuse_key_, sgx::kSimulatedCpuSvn, sgx::kSimulatedOwnerEpoch},
                                   identity, qe_.target_info(), report_data, {7});
    return qe_.quote(report.value()).value();
}

EnclaveDouble::EnclaveDouble(const SimulatedMachine& machine, const EnclaveProperties& properties)
    : identity_(make_identity()) {
    auto key = crypto::Certificate::from_pem(identity_.certificate_pem).value().public_key();
    quote_ = machine.quote(properties, channel::tls_key_report_data(*key).value());
}

std::expected<std::vector<uint8_t>, std::string> EnclaveDouble::call(
    channel::Result<crypto::SecretBytes>&& message, channel::MessageType answer) {
    // encode() gives the frame with its length, which FrameClient writes itself.
    auto sent = connection_->send(message->expose().subspan(4), kTimeoutMs);
    auto frame = sent ? connection_->receive(kTimeoutMs) : std::unexpected(sent.error());
    if (!frame)
        return std::unexpected("connection: " + frame.error().what);
    auto type = static_cast<channel::MessageType>(base::load_le16(frame->data()));
    base::Bytes payload = base::Bytes(*frame).subspan(4);
    if (type == answer)
        return std::vector<uint8_t>(payload.begin(), payload.end());
    auto chain = channel::decode_error_chain(payload);
    return std::unexpected(chain ? print_error_chain(*chain) : "unexpected answer");
}

std::expected<channel::Configuration, std::string> EnclaveDouble::configure(
    const net::TlsClientOptions& options, const std::string& config_id, const std::string& token) {
    auto tls = net::TlsClient::connect(options);
    if (!tls)
        return std::unexpected("connection: " + tls.error().what);
    connection_.emplace(std::move(*tls));
    channel::EnclaveHello hello;
    hello.quotes.push_back({channel::QuoteKind::Simulated, quote_});
    hello.runtime = "test";
    auto done = call(encode(hello), channel::MessageType::EnclaveHelloDone);
    if (!done)
        return std::unexpected(done.error());
    channel::ConfigurationRequest request{config_id, crypto::SecretBytes(std::string_view(token))};
    auto payload = call(encode(request), channel::MessageType::Configuration);
    if (!payload)
        return std::unexpected(payload.error());
    auto configuration = channel::decode_configuration(*payload);
    if (!configuration)
        return std::unexpected(std::string("malformed: ") + configuration.error().text);
    return std::move(*configuration);
}

std::string EnclaveDouble::update_tag(const std::string& volume, const base::ByteArray<16>& old_tag,
                                      const base::ByteArray<16>& new_tag) {
    auto done =
        call(encode(channel::TagUpdate{volume, old_tag, new_tag}), channel::MessageType::TagStored);
    return done ? "" : done.error();
}

std::string EnclaveDouble::say_exit(uint64_t status) {
    auto done = call(encode(channel::Exit{status, 0}), channel::MessageType::ExitNoted);
    return done ? "" : done.error();
}

}  // namespace scone::test
