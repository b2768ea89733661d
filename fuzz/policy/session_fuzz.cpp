// Each accepted policy has a canonical form that is accepted and is its own canonical form.
#include <cstdlib>

#include "lib/policy/canonical_form.h"
#include "lib/policy/session_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace scone::policy;
    std::string_view input(reinterpret_cast<const char*>(data), size);
    auto session = parse(input);
    if (!session) {
        if (session.error().empty())
            std::abort();
        return 0;
    }
    std::string once = canonical(*session);
    auto again = parse(once);
    if (!again || canonical(*again) != once)
        std::abort();
    FragmentLookup fragments = [&](std::string_view name) -> const scone::text::Node* {
        const SecretRule* secret = session->find_secret(name);
        return secret && secret->fragment ? &*secret->fragment : nullptr;
    };
    (void)resolve_security(session->security, fragments);
    (void)resolve_access_policy(session->access_policy, fragments);
    for (const ServiceRule& service : session->services)
        (void)resolve_attestation(service, fragments);
    return 0;
}
