// The functions that the enclave's core runs in the hosted layer: provision_call.h over
// provision.h.
#include <immintrin.h>

#include <cstring>
#include <memory>

#include "lib/configuration/provision_call.h"
#include "runtime/trusted/provisioning/cryptography.h"
#include "runtime/trusted/provisioning/provision.h"

namespace scone::provisioning {
namespace {

using configuration::ExitCall;
using configuration::ProvisionCall;
using configuration::StreamTable;
using configuration::TagCall;

// Lives from the first call to the enclave's end.
struct State {
    std::unique_ptr<CasSession> cas;
    crypto::SecretBytes configuration;
    std::string error_lines;
};
State& state() {
    static State* only = new State;
    return *only;
}

constexpr int kRdrandAttempts = 64;  // Intel's guide asks for 10; a busy package may need more

[[gnu::target("rdrnd")]] bool fill_by_rdrand(uint8_t* out, size_t size) {
    while (size > 0) {
        unsigned long long word = 0;
        int attempt = 0;
        while (_rdrand64_step(&word) != 1)
            if (++attempt == kRdrandAttempts)
                return false;
        size_t part = size < sizeof word ? size : sizeof word;
        std::memcpy(out, &word, part);
        out += part;
        size -= part;
    }
    return true;
}

channel::Transport transport_of(StreamTable& stream) {
    return {&stream,
            [](void* context, base::MutableBytes buffer) {
                auto& table = *static_cast<StreamTable*>(context);
                return table.read(table.context, buffer.data(), buffer.size());
            },
            [](void* context, base::Bytes data) {
                auto& table = *static_cast<StreamTable*>(context);
                return table.write(table.context, data.data(), data.size());
            }};
}

bool report_by_call(void* context, std::span<const uint8_t, channel::kTargetInfoSize> target_info,
                    std::span<const uint8_t, 64> report_data,
                    std::span<uint8_t, channel::kReportSize> report) {
    auto& call = *static_cast<ProvisionCall*>(context);
    return call.make_report(call.report_context, target_info.data(), report_data.data(),
                            report.data());
}

void log_by_call(void* context, const char* text) {
    auto& call = *static_cast<ProvisionCall*>(context);
    if (call.log != nullptr)
        call.log(call.log_context, text);
}

Result<channel::CasPin> pin_of(const ProvisionCall& call) {
    channel::CasPin pin;
    if (call.cas_key_hash.size() == 32) {
        pin.key_hash.emplace();
        base::copy_bytes(*pin.key_hash, call.cas_key_hash);
        return pin;
    }
    if (call.cas_roots_pem.empty())
        return std::unexpected(
            ErrorChain{}.add("No CAS is pinned: neither a key hash nor root certificates"));
    auto roots = crypto::Certificate::list_from_pem(call.cas_roots_pem);
    if (!roots)
        return std::unexpected(
            ErrorChain{}.add("The pinned CAS certificates cannot be read").add(roots.error().text));
    pin.roots = std::move(*roots);
    return pin;
}

// The streams that stay in use after the call: CAS's is copied with its context.
StreamTable cas_stream;

Result<void> run(ProvisionCall& call) {
    static const bool is_ready = prepare_cryptography(fill_by_rdrand);
    if (!is_ready)
        return std::unexpected(ErrorChain{}.add("OpenSSL does not start in the enclave"));
    cas_stream = call.cas;
    Surroundings surroundings{transport_of(call.las),
                              transport_of(cas_stream),
                              {&call, report_by_call},
                              {&call, log_by_call},
                              call.time};
    ProvisionRequest request;
    request.config_id = call.config_id;
    request.service_access_token = channel::SecretBytes(call.access_token);
    request.pin = SCONE_TRY(pin_of(call));
    request.runtime = call.runtime;
    Provisioned done = SCONE_TRY(provision(surroundings, request));
    // The core reads the message itself; what it gets was decoded, so it was checked.
    auto encoded = channel::encode(done.configuration);
    if (!encoded)
        return std::unexpected(ErrorChain{}.add(encoded.error().text));
    state().configuration =
        crypto::SecretBytes(encoded->expose().subspan(channel::kFrameHeaderSize));
    state().cas = std::make_unique<CasSession>(std::move(done.cas));
    return {};
}

// Notes success or the lines of the failure in any of the calls.
template <class Call>
void finish(Call& call, const Result<void>& result) {
    call.succeeded = result.has_value();
    state().error_lines = result ? std::string() : print_error_chain(result.error());
    call.error_lines = state().error_lines;
}

std::unexpected<ErrorChain> not_provisioned() {
    return std::unexpected(ErrorChain{}.add("There is no attested connection to CAS"));
}

}  // namespace
}  // namespace scone::provisioning

using namespace scone::provisioning;

extern "C" void scone_provision(void* argument) {
    auto& call = *static_cast<ProvisionCall*>(argument);
    finish(call, run(call));
    call.configuration = state().configuration.expose();
}

extern "C" void scone_provision_release(void*) {
    state().configuration.clear();
    state().error_lines.clear();
}

extern "C" void scone_provision_update_tag(void* argument) {
    auto& call = *static_cast<TagCall*>(argument);
    finish(call, state().cas == nullptr ? Result<void>(not_provisioned())
                                        : state().cas->update_tag({std::string(call.volume),
                                                                   call.old_tag, call.new_tag}));
}

extern "C" void scone_provision_report_exit(void* argument) {
    auto& call = *static_cast<ExitCall*>(argument);
    finish(call, state().cas == nullptr ? Result<void>(not_provisioned())
                                        : state().cas->report_exit(call.status, call.signal));
    state().cas.reset();
}
