// Any frames on the enclave port: each piece of the input is one frame of one connection.
#include "fuzz/cas/world.h"
#include "lib/base/endian.h"
#include "services/cas/enclave_service.h"
#include "services/cas/session_service.h"

namespace {

using namespace scone;

constexpr const char* kPolicy =
    "name: s\nversion: \"0.3.10\"\n"
    "services: [{name: a, image_name: i, command: \"x $$SCONE::p$$\"}]\n"
    "images: [{name: i, volumes: [{name: v, path: /v}]}]\nvolumes: [{name: v}]\n"
    "secrets: [{name: p, kind: ascii}]\nsecurity: {attestation: {mode: none}}\n";

struct EnclavePort : fuzz::World {
    cas::QuoteCheck quotes{cas::Simulation::InsecureAllowed, {}};
    cas::OneTimePasswords passwords;
    cas::EnclaveContext context{sessions, service, audit, metrics, quotes, passwords, "cas"};

    EnclavePort() {
        auto uploaded = service.upload(kPolicy, cas::client_of(fuzz::make_client()), 0);
        if (!uploaded)
            __builtin_trap();
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static EnclavePort world;
    static const crypto::Certificate enclave = fuzz::make_client();
    auto session = cas::serve_enclaves(world.context)(net::Peer{"::1", enclave});
    base::Bytes rest(data, size);
    while (rest.size() > 2) {
        size_t count = std::min<size_t>(base::load_le16(rest.data()), rest.size() - 2);
        if (!session->on_frame(rest.subspan(2, count)).keep_open)
            return 0;
        rest = rest.subspan(2 + count);
    }
    return 0;
}
