// A CAS as the command line chose it, and who we are to it.
//
// Side:    host
// Flags:   --cas NAME (else the default CAS), --identity FILE, --retries N, --config FILE,
//          --only_for_testing-disable-attestation-verification; cas_flags() is their table
// Errors:  Untrusted (never attested), NotFound (no default), Usage, those of client_config.h
// Warns:   on every use of a CAS that is not attested
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/flags/flag.h"
#include "lib/flags/parse_flags.h"
#include "services/net/cas_client.h"
#include "tools/cli/client_config.h"

namespace scone::tools {

inline constexpr const char* kNoVerification = "only_for_testing-disable-attestation-verification";

// --identity, --retries and the testing switch; with_choice adds -c/--cas.
std::vector<flags::Flag> connection_flags();
flags::Flag cas_choice_flag();

std::string config_path(const flags::ParsedCommand& parsed);
// --identity, else that of the state file.
text::Outcome<net::ClientIdentity> our_identity(const flags::ParsedCommand& parsed);
text::Outcome<int> retries_of(const flags::ParsedCommand& parsed);
void warn_on_stderr(const flags::ParsedCommand& parsed, std::string_view text);

// The CAS of --cas or of `argument`, else the default one.
text::Outcome<cli::KnownCas> chosen_cas(const flags::ParsedCommand& parsed,
                                        const std::string& argument);

class CasConnection {
  public:
    // Does not connect yet.
    static text::Outcome<CasConnection> open(const flags::ParsedCommand& parsed);
    net::CasClient& client() { return *client_; }
    const net::ClientIdentity& identity() const { return *identity_; }

  private:
    std::unique_ptr<net::ClientIdentity> identity_;
    std::unique_ptr<net::CasClient> client_;
};

}  // namespace scone::tools
