#include "lib/policy/variables.h"

#include <algorithm>

#include "lib/base/secret.h"
#include "lib/policy/pkcs12.h"
#include "lib/text/base64.h"
#include "lib/text/hex.h"
#include "lib/text/json.h"
#include "lib/text/pem.h"
#include "lib/text/utf8.h"

namespace scone::policy {
namespace {

constexpr std::string_view kOpen = "$$SCONE::";
constexpr std::string_view kClose = "$$";
constexpr size_t kLongestPlaceholder = 512;
constexpr size_t kMaxSubstitutedSize = size_t{8} << 20;

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == '~';
}

// What stands in the middle: name[:format][|encoding].
base::Result<Placeholder, std::string> parse_middle(std::string_view middle) {
    Placeholder out;
    if (size_t bar = middle.find('|'); bar != std::string_view::npos) {
        if (middle.substr(bar + 1) != "escape(json)") {
            return base::fail("unknown encoding '" + std::string(middle.substr(bar + 1)) +
                              "', expected escape(json)");
        }
        out.encoding = Encoding::EscapeJson;
        middle = middle.substr(0, bar);
    }
    size_t colon = middle.find(':');
    out.secret = middle.substr(0, colon);
    if (colon != std::string_view::npos)
        out.format = middle.substr(colon + 1);
    if (out.secret.empty() || !std::ranges::all_of(out.secret, is_name_character))
        return base::fail("'" + out.secret + "' is no name of a secret");
    if (colon != std::string_view::npos && out.format.empty())
        return base::fail("a format must stand behind the ':'");
    return out;
}

enum class Form {
    Bin,
    Hex,
    Base64,
    Base64Url,
    Base32,
    Base32NoPad,
    Pem,
    Der,
    KeyPem,
    KeyDer,
    Chain,
    Pkcs12,
    Whole,
    Pgp
};

struct FormatRow {
    SecretKind kind;
    Form form;
    std::string_view format;
};

// The formats of each kind; the first of a kind with an empty name is its default.
constexpr FormatRow kFormats[] = {
    {SecretKind::Ascii, Form::Whole, ""},
    {SecretKind::AadToken, Form::Whole, ""},
    {SecretKind::Jwt, Form::Whole, ""},
    {SecretKind::ConfigFragment, Form::Whole, ""},
    {SecretKind::Binary, Form::Bin, ""},
    {SecretKind::Binary, Form::Bin, "bin"},
    {SecretKind::Binary, Form::Hex, "hex"},
    {SecretKind::Binary, Form::Base64, "base64"},
    {SecretKind::Binary, Form::Base64Url, "base64url"},
    {SecretKind::Binary, Form::Base32, "base32"},
    {SecretKind::Binary, Form::Base32NoPad, "base32nopad"},
    {SecretKind::PrivateKey, Form::Pem, ""},
    {SecretKind::PrivateKey, Form::Pem, "pem"},
    {SecretKind::PrivateKey, Form::Pem, "pkcs8:pem"},
    {SecretKind::PrivateKey, Form::Der, "der"},
    {SecretKind::PrivateKey, Form::Der, "pkcs8:der"},
    {SecretKind::PublicKey, Form::Pem, ""},
    {SecretKind::PublicKey, Form::Pem, "spki:pem"},
    {SecretKind::PublicKey, Form::Der, "spki:der"},
    {SecretKind::X509, Form::Pem, ""},
    {SecretKind::X509, Form::Pem, "crt"},
    {SecretKind::X509, Form::Pem, "crt:pem"},
    {SecretKind::X509, Form::Der, "crt:der"},
    {SecretKind::X509, Form::KeyPem, "privatekey"},
    {SecretKind::X509, Form::KeyPem, "privatekey:pem"},
    {SecretKind::X509, Form::KeyPem, "privatekey:pkcs8:pem"},
    {SecretKind::X509, Form::KeyDer, "privatekey:der"},
    {SecretKind::X509, Form::KeyDer, "privatekey:pkcs8:der"},
    {SecretKind::X509, Form::Chain, "chain"},
    {SecretKind::X509, Form::Chain, "chain:pem"},
    {SecretKind::X509, Form::Pkcs12, "pkcs12-with-private-key"},
    {SecretKind::SessionCa, Form::Pem, ""},
    {SecretKind::SessionCa, Form::Pem, "crt"},
    {SecretKind::PgpKey, Form::Pgp, "privatekey:asciiarmored"},
    {SecretKind::PgpKey, Form::Pgp, "privatekey:binary"},
    {SecretKind::PgpKey, Form::Pgp, "privatekey:base64"},
    {SecretKind::PgpKey, Form::Pgp, "publickey:asciiarmored"},
    {SecretKind::PgpKey, Form::Pgp, "publickey:binary"},
    {SecretKind::PgpKey, Form::Pgp, "publickey:base64"},
};

SecretKind table_kind(SecretKind kind) {
    return kind == SecretKind::X509Ca ? SecretKind::X509 : kind;
}

const FormatRow* find_format(SecretKind kind, std::string_view format) {
    for (const FormatRow& row : kFormats) {
        if (row.kind == table_kind(kind) && row.format == format)
            return &row;
    }
    return nullptr;
}

std::string formats_of(SecretKind kind) {
    std::string out;
    for (const FormatRow& row : kFormats) {
        if (row.kind == table_kind(kind) && !row.format.empty())
            out.append(out.empty() ? ":" : ", :").append(row.format);
    }
    return out.empty() ? "none" : out;
}

std::string_view pem_label(SecretKind kind) {
    switch (kind) {
        case SecretKind::PrivateKey:
            return "PRIVATE KEY";
        case SecretKind::PublicKey:
            return "PUBLIC KEY";
        default:
            return "CERTIFICATE";
    }
}

std::string binary_text(base::Bytes bytes, Form form) {
    switch (form) {
        case Form::Hex:
            return text::to_hex(bytes);
        case Form::Base64:
            return text::to_base64(bytes);
        case Form::Base64Url:
            return text::to_base64url(bytes, text::Padding::Written);
        case Form::Base32:
            return text::to_base32(bytes);
        case Form::Base32NoPad:
            return text::to_base32(bytes, text::Padding::Omitted);
        default:
            return std::string(base::as_text(bytes));
    }
}

base::Result<std::string, std::string> render_private_key(const SecretValue& value, Form form) {
    if (value.private_key.empty())
        return base::fail(std::string("the certificate's private key is not available here"));
    if (form == Form::KeyPem)
        return text::to_pem("PRIVATE KEY", value.private_key);
    return std::string(base::as_text(value.private_key));
}

std::string render_chain(const SecretValue& value) {
    std::string out;
    for (const auto& certificate : value.chain)
        out += text::to_pem("CERTIFICATE", certificate);
    return out;
}

}  // namespace

SecretValue::~SecretValue() {
    base::wipe(text.data(), text.size());
    base::wipe(bytes.data(), bytes.size());
    base::wipe(private_key.data(), private_key.size());
}

bool has_placeholder(std::string_view text) {
    return text.find(kOpen) != std::string_view::npos;
}

base::Result<std::vector<Placeholder>, VariableError> find_placeholders(std::string_view text) {
    std::vector<Placeholder> out;
    size_t at = 0;
    while ((at = text.find(kOpen, at)) != std::string_view::npos) {
        size_t middle_at = at + kOpen.size();
        size_t end = text.find(kClose, middle_at);
        if (end == std::string_view::npos || end - at > kLongestPlaceholder)
            return base::fail(VariableError{at, "a $$SCONE:: is not closed by $$"});
        auto placeholder = parse_middle(text.substr(middle_at, end - middle_at));
        if (!placeholder)
            return base::fail(VariableError{at, std::move(placeholder).error()});
        placeholder->offset = at;
        placeholder->size = end + kClose.size() - at;
        at += placeholder->size;
        out.push_back(std::move(*placeholder));
    }
    return out;
}

std::optional<Placeholder> whole_placeholder(std::string_view text) {
    auto found = find_placeholders(text);
    if (!found || found->size() != 1 || found->front().size != text.size())
        return std::nullopt;
    return std::move(found->front());
}

std::optional<Placeholder> with_old_suffix(const Placeholder& placeholder) {
    constexpr std::pair<std::string_view, std::string_view> kSuffixes[] = {
        {".hex", "hex"}, {".crt", "crt"}, {".key", "privatekey"}, {".chain", "chain"}};
    for (const auto& [suffix, format] : kSuffixes) {
        std::string_view secret = placeholder.secret;
        if (!placeholder.format.empty() || !secret.ends_with(suffix) ||
            secret.size() == suffix.size())
            continue;
        Placeholder out = placeholder;
        out.secret.resize(secret.size() - suffix.size());
        out.format = format;
        return out;
    }
    return std::nullopt;
}

bool kind_has_format(SecretKind kind, std::string_view format) {
    if (kind != SecretKind::Unstated)
        return find_format(kind, format) != nullptr;
    return std::ranges::any_of(kFormats,
                               [&](const FormatRow& row) { return row.format == format; });
}

base::Result<std::string, std::string> render(const SecretValue& value, std::string_view format) {
    const FormatRow* row = find_format(value.kind, format);
    if (!row) {
        return base::fail("a secret of kind " + std::string(name_of(value.kind)) +
                          " has no format '" + std::string(format) + "', its formats are " +
                          formats_of(value.kind));
    }
    switch (row->form) {
        case Form::Whole:
            return value.text;
        case Form::Pem:
            return text::to_pem(pem_label(value.kind), value.bytes);
        case Form::Der:
            return std::string(base::as_text(value.bytes));
        case Form::KeyPem:
        case Form::KeyDer:
            return render_private_key(value, row->form);
        case Form::Chain:
            return render_chain(value);
        case Form::Pkcs12:
            if (value.private_key.empty())
                return base::fail(
                    std::string("the certificate's private key is not available here"));
            return make_pkcs12(value.bytes, value.private_key, value.chain);
        case Form::Pgp:
            return base::fail("format '" + std::string(format) + "' is not supported yet");
        default:
            return binary_text(value.bytes, row->form);
    }
}

base::Result<std::string, VariableError> substitute(std::string_view text,
                                                    const SecretLookup& secrets, Content content) {
    std::vector<Placeholder> placeholders = SCONE_TRY(find_placeholders(text));
    std::string out;
    size_t copied = 0;
    for (const Placeholder& placeholder : placeholders) {
        out.append(text.substr(copied, placeholder.offset - copied));
        copied = placeholder.offset + placeholder.size;
        const SecretValue* value = secrets(placeholder.secret);
        std::string format = placeholder.format;
        auto old = value ? std::nullopt : with_old_suffix(placeholder);
        if (old) {
            value = secrets(old->secret);
            format = old->format;
        }
        if (!value) {
            return base::fail(VariableError{placeholder.offset,
                                            "there is no secret '" + placeholder.secret + "'"});
        }
        auto rendered = render(*value, format);
        if (!rendered)
            return base::fail(VariableError{placeholder.offset, std::move(rendered).error()});
        std::string_view name = placeholder.secret;
        if (content == Content::Text &&
            (!text::is_valid_utf8(*rendered) || rendered->find('\0') != std::string::npos)) {
            return base::fail(VariableError{
                placeholder.offset, "malformed UTF-8 or NUL after value replacement of secret '" +
                                        std::string(name) + "', use :hex or :base64"});
        }
        out +=
            placeholder.encoding == Encoding::EscapeJson ? text::escape_json(*rendered) : *rendered;
        base::wipe(rendered->data(), rendered->size());
        if (out.size() > kMaxSubstitutedSize)
            return base::fail(VariableError{placeholder.offset, "the text grows too large"});
    }
    return out.append(text.substr(copied));
}

}  // namespace scone::policy
