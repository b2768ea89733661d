#include "runtime/trusted/provisioning/templates.h"

#include "lib/text/pem.h"

namespace scone::provisioning {
namespace {

using channel::ErrorChain;
using crypto::SecretBytes;
using policy::SecretKind;
using policy::SecretValue;

std::unexpected<ErrorChain> failed(std::string why) {
    return std::unexpected(
        ErrorChain{}.add("SCONE variable substitution failed").add(std::move(why)));
}

std::string_view text_of(const SecretBytes& bytes) {
    return base::as_text(bytes.expose());
}

// The value that was rendered in its kind's default format.
bool read_value(const channel::ProvidedSecret& sent, SecretValue& out) {
    auto put_der = [&](const char* label) {
        auto der = text::single_from_pem(text_of(sent.value), label);
        if (der)
            out.bytes = std::move(*der);
        return der.has_value();
    };
    switch (out.kind) {
        case SecretKind::Ascii:
        case SecretKind::AadToken:
        case SecretKind::Jwt:
            out.text = text_of(sent.value);
            return true;
        case SecretKind::Binary:
            out.bytes.assign(sent.value.expose().begin(), sent.value.expose().end());
            return true;
        case SecretKind::PrivateKey:
            return put_der("PRIVATE KEY");
        case SecretKind::PublicKey:
            return put_der("PUBLIC KEY");
        case SecretKind::X509:
        case SecretKind::X509Ca:
        case SecretKind::SessionCa:
            return put_der("CERTIFICATE");
        case SecretKind::Unstated:
        case SecretKind::ConfigFragment:
        case SecretKind::PgpKey:
            return false;
    }
    return false;
}

bool read_private_key(const channel::ProvidedSecret& sent, SecretValue& out) {
    if (sent.private_key.empty())
        return true;
    auto der = text::single_from_pem(text_of(sent.private_key), "PRIVATE KEY");
    if (der)
        out.private_key = std::move(*der);
    return der.has_value();
}

bool read_chain(const channel::ProvidedSecret& sent, SecretValue& out) {
    if (sent.chain.empty())
        return true;
    auto blocks = text::from_pem(text_of(sent.chain));
    if (!blocks)
        return false;
    for (text::PemBlock& block : *blocks)
        out.chain.push_back(std::move(block.der));
    return true;
}

}  // namespace

base::Result<Templates, ErrorChain> Templates::from(std::vector<channel::ProvidedSecret> secrets) {
    Templates out;
    for (const channel::ProvidedSecret& sent : secrets) {
        SecretValue value;
        value.kind = policy::secret_kind(sent.kind).value_or(SecretKind::Unstated);
        if (!read_value(sent, value) || !read_private_key(sent, value) || !read_chain(sent, value))
            return failed("CAS sent the secret '" + sent.name + "' of kind '" + sent.kind +
                          "' in a form that the runtime does not know");
        out.secrets_.emplace(sent.name, std::move(value));
    }
    return out;
}

base::Result<SecretBytes, ErrorChain> Templates::fill(const std::string& path,
                                                      std::string_view content) const {
    const auto lookup = [this](std::string_view name) -> const SecretValue* {
        const auto found = secrets_.find(name);
        return found == secrets_.end() ? nullptr : &found->second;
    };
    auto text = policy::substitute(content, lookup, policy::Content::Bytes);
    if (!text)
        return failed("injection file " + path + ": " + text.error().what);
    SecretBytes out{std::string_view(*text)};
    base::wipe(text->data(), text->size());
    return out;
}

}  // namespace scone::provisioning
