// The enclave's hosted layer: main() runs what the core hands over, one function at a time;
// the functions at the end are all there are.
//
// Side: hosted, linked only into the enclave
#include <algorithm>
#include <optional>
#include <string>

#include "lib/text/base64.h"
#include "runtime/trusted/libos/start/provisioner.h"
#include "runtime/trusted/provisioning/cryptography.h"
#include "runtime/trusted/provisioning/provision.h"
#include "runtime/trusted/provisioning/templates.h"

extern "C" void scone_hosted_next(void (**function)(void*), void** argument);

int main() {
    for (;;) {
        void (*function)(void*);
        void* argument;
        scone_hosted_next(&function, &argument);
        function(argument);
    }
}

namespace {

using scone::channel::ErrorChain;
using scone::libos::ProvisionCall;
using namespace scone;

// What stays after the start: the functions of the core, the connection to CAS, and until the last
// template is filled the secrets for these.
ProvisionCall functions;
const ProvisionCall* const current = &functions;
std::optional<provisioning::CasSession> cas_session;
std::optional<provisioning::Templates> templates;

channel::Transport transport_of(libos::HostStream* stream) {
    channel::Transport transport;
    transport.context = stream;
    transport.read = [](void* context, base::MutableBytes buffer) {
        return current->read(context, buffer.data(), buffer.size());
    };
    transport.write = [](void* context, base::Bytes data) {
        return current->write(context, data.data(), data.size());
    };
    return transport;
}

provisioning::Surroundings surroundings_of(ProvisionCall& call) {
    provisioning::Surroundings out;
    out.las = transport_of(call.las);
    out.cas = transport_of(call.cas);
    out.report.make = [](void*, std::span<const uint8_t, channel::kTargetInfoSize> target_info,
                         std::span<const uint8_t, 64> report_data,
                         std::span<uint8_t, channel::kReportSize> report) {
        return current->report(target_info.data(), report_data.data(), report.data());
    };
    out.log.line = [](void*, const char* text) { current->debug_line(text); };
    out.time = call.time;
    return out;
}

bool set_pin(const std::string& text, channel::CasPin& pin, ErrorChain& chain) {
    pin.anyone = text.empty();  // the core has warned
    if (text.empty())
        return true;
    auto payload = text::from_base58check(text);
    if (!payload || payload->version != 1 || payload->bytes.size() != 32) {
        chain.add("SCONE_CAS_KEY_HASH is not a key hash: " + text);
        return false;
    }
    crypto::KeyHash hash;
    std::copy(payload->bytes.begin(), payload->bytes.end(), hash.begin());
    pin.key_hash = hash;
    return true;
}

std::string_view view(const channel::SecretBytes& bytes) {
    return base::as_text(bytes.expose());
}

// "@@N" as a whole argument is the host's argument N, each at most once.
bool give_arguments(ProvisionCall& call, const channel::Configuration& configuration,
                    ErrorChain& chain) {
    std::vector<uint64_t> used;
    for (const auto& argument : configuration.arguments) {
        std::string text(view(argument));
        if (text.size() > 2 && text.starts_with("@@") &&
            text.find_first_not_of("0123456789", 2) == std::string::npos && text.size() < 8) {
            uint64_t index = 0;
            for (size_t i = 2; i < text.size(); i++)
                index = index * 10 + static_cast<uint64_t>(text[i] - '0');
            const char* host = call.host_argument(call.context, index);
            if (host == nullptr) {
                chain.add("host argument " + text + " is missing");
                return false;
            }
            if (std::find(used.begin(), used.end(), index) != used.end()) {
                chain.add("host argument " + text + " is used twice");
                return false;
            }
            used.push_back(index);
            text = host;
        }
        if (!call.argument(call.context, text.data(), text.size()))
            return false;
    }
    return true;
}

bool give_environment(ProvisionCall& call, const channel::Configuration& configuration) {
    for (const auto& variable : configuration.environment) {
        std::string name = variable.name;
        std::string text = name + "=" + std::string(view(variable.value));
        if (name.starts_with("@@")) {
            name.erase(0, 2);
            const char* host = call.host_variable(call.context, name.c_str());
            text = name + "=" + (host == nullptr ? "" : host);
        }
        if (!call.variable(call.context, text.data(), text.size()))
            return false;
    }
    return true;
}

bool give_all(ProvisionCall& call, const channel::Configuration& configuration, ErrorChain& chain) {
    if (configuration.root) {
        const auto& root = *configuration.root;
        if (!root.tag) {
            chain.add("the policy has no fspf_tag for " + root.fspf_path);
            return false;
        }
        if (!call.root(call.context, root.fspf_path.c_str(), root.key.expose().data(),
                       root.tag->data()))
            return false;
    }
    for (const auto& file : configuration.injected_files)
        if (!call.file(call.context, file.path.c_str(), view(file.content).data(),
                       file.content.size(), file.mode))
            return false;
    for (const auto& file : configuration.templates)
        if (!call.file_template(call.context, file.path.c_str(), file.mode))
            return false;
    for (const auto& setting : configuration.runtime_settings)
        if (!call.setting(call.context, setting.name.c_str(), setting.value.c_str()))
            return false;
    if (!configuration.volumes.empty()) {
        chain.add("volumes are not supported yet: " + configuration.volumes.front().name);
        return false;
    }
    return give_arguments(call, configuration, chain) && give_environment(call, configuration) &&
           call.working_directory(call.context, configuration.working_directory.c_str());
}

}  // namespace

extern "C" void scone_provision(void* argument) {
    auto& call = *static_cast<ProvisionCall*>(argument);
    functions = call;
    ErrorChain chain;
    provisioning::ProvisionRequest request;
    request.config_id = call.config_id;
    std::string token = call.access_token;
    request.service_access_token = channel::SecretBytes(token.size());
    std::copy(token.begin(), token.end(), request.service_access_token.expose_mutable().begin());
    if (!provisioning::prepare_cryptography(
            [](uint8_t* out, size_t size) { return current->random(out, size); }))
        chain.add("the cryptographic library did not start");
    else if (set_pin(call.cas_key_hash, request.pin, chain)) {
        auto provisioned = provisioning::provision(surroundings_of(call), request);
        if (!provisioned)
            chain = provisioned.error();
        else if (auto read =
                     provisioning::Templates::from(std::move(provisioned->configuration.secrets));
                 !read)
            chain = read.error();
        else {
            call.done = give_all(call, provisioned->configuration, chain);
            templates = std::move(*read);
            cas_session.emplace(std::move(provisioned->cas));
        }
    }
    if (!call.done)
        call.failure(call.context, print_error_chain(chain).c_str());
}

extern "C" void scone_fill_template(void* argument) {
    auto& call = *static_cast<libos::TemplateCall*>(argument);
    auto filled = templates->fill(call.path, {call.content, call.size});
    if (!filled)
        call.failure(call.context, print_error_chain(filled.error()).c_str());
    else
        call.done = call.result(call.context, view(*filled).data(), filled->size());
}

extern "C" void scone_forget_secrets(void*) {
    templates.reset();
}

extern "C" void scone_report_exit(void* argument) {
    auto& call = *static_cast<libos::ExitCall*>(argument);
    auto reported = cas_session->report_exit(call.status, call.signal);
    cas_session.reset();
    call.done = reported.has_value();
    if (!reported)
        call.failure(call.context, print_error_chain(reported.error()).c_str());
}
