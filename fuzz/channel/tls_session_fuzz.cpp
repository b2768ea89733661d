// Any bytes from the network into both sides of TLS.
#include "lib/channel/tls_session.h"

namespace {

using namespace scone;

struct Sides {
    channel::TlsContext server;
    channel::TlsContext client;
};

Sides make_sides() {
    auto key = crypto::PrivateKey::generate(crypto::NewKey::P256).value();
    crypto::CertificateSpec spec;
    spec.common_name = "fuzz";
    spec.dns_names = {"cas"};
    spec.not_after = 4'000'000'000;
    std::vector<crypto::Certificate> chain{crypto::make_self_signed(spec, key).value()};
    return {channel::TlsContext::for_server(chain, key).value(),
            channel::TlsContext::for_client(chain[0], key).value()};
}

void feed(const channel::TlsContext& context, base::Bytes bytes) {
    auto session = channel::TlsSession::start(context, "").value();
    (void)session.handshake();
    if (!session.feed(bytes))
        return;
    auto done = session.handshake();
    if (done && *done) {
        crypto::SecretBytes plaintext;
        (void)session.read(plaintext);
        (void)session.peer_chain();
    }
    (void)session.take_output();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const Sides sides = make_sides();
    feed(sides.server, {data, size});
    feed(sides.client, {data, size});
    return 0;
}
