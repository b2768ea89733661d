// Any policy text and any path into the client API, over a store in memory.
#include "fuzz/cas/world.h"
#include "services/cas/session_api.h"

namespace {

using namespace scone;

struct Api : fuzz::World {
    cas::ApiContext context{service, metrics, "0", "hash", "chain"};
    net::HttpHandler api = cas::make_session_api(context);
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const crypto::Certificate client = fuzz::make_client();
    Api world;
    std::string text(base::as_text({data, size}));
    for (int i = 0; i < 2; ++i) {
        net::HttpRequest upload;
        upload.method = "POST";
        upload.path = "/v1/sessions";
        upload.body = text;
        upload.peer.certificate = client;
        world.api(upload);
    }
    net::HttpRequest get;
    get.method = "GET";
    get.path = "/v1/values/" + text;
    get.query = text;
    world.api(get);
    get.path = "/v1/sessions/" + text.substr(0, text.find('\n'));
    get.peer.certificate = client;
    world.api(get);
    get.path = "/v1/attest";
    world.api(get);
    return 0;
}
