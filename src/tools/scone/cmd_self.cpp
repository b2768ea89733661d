#include "tools/scone/cmd_self.h"

#include <fmt/format.h>

#include "lib/base/result.h"
#include "lib/crypto/key.h"
#include "lib/policy/key_hash.h"
#include "tools/oci/file_handle.h"
#include "tools/scone/cas_connection.h"

namespace scone::tools {
namespace {

using flags::Command;
using flags::ParsedCommand;
using text::ExitCode;
using text::failure;
using text::Outcome;

Outcome<std::string> key_hash_of(const std::string& certificate_pem, const std::string& where) {
    auto hash = policy::key_hash_of_certificate(certificate_pem);
    if (!hash)
        return failure(ExitCode::InvalidInput,
                       fmt::format("'{}' holds no certificate that can be read", where), {},
                       "a PEM file with BEGIN CERTIFICATE is expected");
    return *hash;
}

}  // namespace

Outcome<std::string> session_signing_key_pem(const ParsedCommand& parsed) {
    const cli::ClientConfig config = SCONE_TRY(cli::load_client_config(config_path(parsed)));
    auto key = crypto::PrivateKey::from_pem(config.signing_key_pem().expose_text());
    auto public_key = key ? key->public_key() : std::unexpected(key.error());
    auto pem = public_key ? public_key->spki_pem() : std::unexpected(public_key.error());
    if (!pem)
        return failure(ExitCode::InvalidInput, "the session signing key cannot be used");
    return *pem;
}

Command self_command() {
    Command command{.name = "self", .about = "Show who you are to CAS and in policies."};
    command.subcommands = {
        {.name = "show", .about = "Print certificate, key hash and session signing key."},
        {.name = "show-certificate", .about = "Print your certificate in PEM."},
        {.name = "show-key-hash", .about = "Print the hash of your key, for access policies."},
        {.name = "show-session-signing-key",
         .about = "Print the public key that signs your sessions, in PEM."},
        {.name = "show-certificate-hash",
         .about = "Print the SHA-256 of your certificate (deprecated: use the key hash)."}};
    for (Command& sub : command.subcommands)
        sub.flags = {{.name = "identity",
                      .kind = flags::FlagKind::Value,
                      .value = "FILE",
                      .help = "PEM private key and certificate to show instead"}};
    return command;
}

Outcome<std::string> run_self(const ParsedCommand& parsed) {
    const net::ClientIdentity identity = SCONE_TRY(our_identity(parsed));
    const std::string& certificate = identity.certificate_pem;
    std::string_view name = parsed.command->name;
    if (name == "show-certificate")
        return certificate;
    if (name == "show-key-hash")
        return SCONE_TRY(key_hash_of(certificate, "identity")) + "\n";
    if (name == "show-certificate-hash")
        return policy::certificate_hash(certificate) + "\n";
    if (name == "show-session-signing-key")
        return session_signing_key_pem(parsed);
    return fmt::format("Certificate:\n{}\nPublic key hash: {}\n\nSession signing key:\n{}",
                       certificate, SCONE_TRY(key_hash_of(certificate, "identity")),
                       SCONE_TRY(session_signing_key_pem(parsed)));
}

Command cert_command() {
    Command command{.name = "cert", .about = "Look at certificates."};
    command.subcommands.push_back(
        {.name = "show-key-hash",
         .about = "Print the hash of a certificate's key, for access policies.",
         .arguments = {{.name = "FILE", .help = "a certificate in PEM"}},
         .examples = {{"scone cert show-key-hash client.crt", "what a policy calls its owner"}}});
    return command;
}

Outcome<std::string> run_cert(const ParsedCommand& parsed) {
    constexpr size_t kMaxFile = 1 << 20;
    const std::string& file = parsed.arguments[0];
    const std::string pem = SCONE_TRY(oci::read_file(file, kMaxFile));
    return SCONE_TRY(key_hash_of(pem, file)) + "\n";
}

}  // namespace scone::tools
