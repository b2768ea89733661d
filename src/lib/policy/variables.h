// $$SCONE::secret[:format][|encoding]$$: find, render, put in. CAS does it for arguments,
// environment and in-policy content, the runtime for templates from the file system.
//
// Side:    hosted
// Errors:  a text: malformed placeholder, unknown secret, format the kind does not have, value that
//          is not UTF-8 or holds a NUL where only text can stand
// Note:    replaced values are not looked at again: a secret that contains $$SCONE::x$$ stays so
// Source:  docs/reference/session-language.md, "Substitution"
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/policy/secret_rule.h"

namespace scone::policy {

enum class Encoding { None, EscapeJson };

struct Placeholder {
    size_t offset = 0;  // of the first '$' in the text
    size_t size = 0;
    std::string secret;
    std::string format;  // "hex", "pkcs8:pem"; empty: the kind's default
    Encoding encoding = Encoding::None;
};

struct VariableError {
    size_t offset = 0;  // in the text, of the placeholder
    std::string what;   // lower case, no full stop
};

// All placeholders of the text, in order. Malformed ones are errors.
base::Result<std::vector<Placeholder>, VariableError> find_placeholders(std::string_view text);
// The one placeholder that is the whole text; nullopt when the text is anything else.
std::optional<Placeholder> whole_placeholder(std::string_view text);
bool has_placeholder(std::string_view text);
// "key.hex", ".crt", ".key", ".chain" of language 0.2 as name and format, for a name that is not
// declared as it stands; nullopt when the name has no such end.
std::optional<Placeholder> with_old_suffix(const Placeholder& placeholder);

// The value of a secret; wiped when it goes.
struct SecretValue {
    SecretKind kind = SecretKind::Ascii;
    std::string text;                  // ascii, tokens, jwt
    std::vector<uint8_t> bytes;        // binary: the value; keys and certificates: DER
                                       //   (private-key PKCS#8, public-key SPKI, x509 certificate)
    std::vector<uint8_t> private_key;  // of an x509: PKCS#8 DER; empty: not available
    std::vector<std::vector<uint8_t>> chain;  // of an x509: first intermediate ... root, DER

    SecretValue() = default;
    SecretValue(const SecretValue&) = default;
    SecretValue& operator=(const SecretValue&) = default;
    SecretValue(SecretValue&&) = default;
    SecretValue& operator=(SecretValue&&) = default;
    ~SecretValue();
};

// The bytes that stand for the value in that format. Errors name the formats the kind has.
base::Result<std::string, std::string> render(const SecretValue& value, std::string_view format);
// True when a value of that kind can be rendered so; Unstated has every known format.
bool kind_has_format(SecretKind kind, std::string_view format);

using SecretLookup = std::function<const SecretValue*(std::string_view name)>;

enum class Content {
    Text,  // arguments, environment: UTF-8 without NUL
    Bytes  // files
};

base::Result<std::string, VariableError> substitute(std::string_view text,
                                                    const SecretLookup& secrets, Content content);

}  // namespace scone::policy
