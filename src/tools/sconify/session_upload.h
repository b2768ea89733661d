// Brings the session to CAS: finds and checks the CAS, makes the namespace, creates or updates.
//
// Side:   host
// Errors: Unreachable, Untrusted (a CAS that cannot prove what it is, or another key than the
// pinned
//         one), Denied, Conflict (the session exists and may not be updated), those of CAS
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "services/net/cas_client.h"
#include "tools/cli/client_config.h"
#include "tools/sconify/options.h"

namespace scone::sconify {

using Warn = std::function<void(const std::string&)>;

// --cas=HOST[:API_PORT[:ENCLAVE_PORT]]
struct CasAddress {
    net::Endpoint api;
    std::string enclave;  // for SCONE_CAS_ADDR: HOST, or HOST:PORT
};
text::Outcome<CasAddress> parse_cas_address(const std::string& given);

class TrustedCas {
  public:
    // Connects as --cas-debug, --disable-attestation and what `scone cas attest` left allow.
    static text::Outcome<TrustedCas> connect(const Options& options, const Warn& warn);

    const CasAddress& address() const { return address_; }
    // Of the CAS root, Base58Check: the image carries it.
    const std::string& key_hash() const { return key_hash_; }

    text::Outcome<void> create_namespace(const std::string& name, const Warn& warn);
    // The session's hash and its text as uploaded (with predecessor where it updates).
    struct Uploaded {
        std::string hash, session;
        bool updated = false;
    };
    text::Outcome<Uploaded> upload(const std::string& session, const std::string& name,
                                   bool may_update);

  private:
    CasAddress address_;
    std::string key_hash_;
    std::unique_ptr<net::ClientIdentity> identity_;  // the client points to it
    std::unique_ptr<net::CasClient> client_;
};

// What --cas means without contacting it: nullopt when there is no default either.
text::Outcome<std::optional<CasAddress>> configured_cas(const Options& options);

}  // namespace scone::sconify
