// Any bytes as DER: every element, and the elements inside it.
#include "lib/crypto/asn1_reader.h"

namespace {

void walk(scone::base::Bytes input, int depth) {
    scone::crypto::Asn1Reader reader(input);
    while (!reader.at_end()) {
        auto element = reader.next();
        if (!element)
            return;
        (void)scone::crypto::asn1_unsigned(element->content);
        (void)scone::crypto::asn1_boolean(element->content);
        (void)scone::crypto::asn1_oid_text(element->content);
        if (depth > 0)
            walk(element->content, depth - 1);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    walk({data, size}, 6);
    return 0;
}
