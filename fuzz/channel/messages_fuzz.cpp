// Any bytes as frames, in pieces, and the payloads as every message.
#include <algorithm>

#include "lib/channel/messages.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace scone::channel;
    FrameReader reader(65536);
    Bytes rest(data, size);
    while (!rest.empty()) {
        size_t piece = std::min<size_t>(rest.size(), 1 + rest[0]);
        reader.push(rest.first(piece));
        rest = rest.subspan(piece);
        for (;;) {
            auto frame = reader.next();
            if (!frame)
                return 0;
            if (!*frame)
                break;
            Bytes payload = (*frame)->payload.expose();
            (void)decode_las_hello(payload);
            (void)decode_las_target(payload);
            (void)decode_quote_request(payload);
            (void)decode_quote_reply(payload);
            (void)decode_enclave_hello(payload);
            (void)decode_enclave_hello_done(payload);
            (void)decode_configuration_request(payload);
            (void)decode_tag_update(payload);
            (void)decode_lease_granted(payload);
            (void)decode_exit(payload);
            (void)decode_empty(payload);
            if (auto chain = decode_error_chain(payload))
                (void)print_error_chain(*chain);
            if (auto configuration = decode_configuration(payload))
                (void)encode(*configuration);
        }
    }
    return 0;
}
