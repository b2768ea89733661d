// SHA-256 digests as images write them: "sha256:" and 64 hexadecimal digits.
//
// Side:    host
// Source:  OCI image specification, "Descriptor", "Digests"
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/bytes.h"

namespace scone::oci {

class Digest {
  public:
    // nullopt unless exactly "sha256:" and 64 lower-case digits: it becomes part of a path.
    static std::optional<Digest> parse(std::string_view text);
    static Digest of(base::Bytes data);

    // "sha256:..."
    const std::string& text() const { return text_; }
    std::string_view hex() const { return std::string_view(text_).substr(7); }
    friend auto operator<=>(const Digest&, const Digest&) = default;

  private:
    friend class Sha256Stream;
    explicit Digest(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

class Sha256Stream {
  public:
    Sha256Stream();
    void update(base::Bytes data);
    // Once, at the end.
    Digest finish();

  private:
    struct Free {
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace scone::oci
