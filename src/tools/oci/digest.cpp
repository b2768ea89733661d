#include "tools/oci/digest.h"

#include <cstdlib>

#include "lib/base/hex.h"

namespace scone::oci {

std::optional<Digest> Digest::parse(std::string_view text) {
    if (text.size() != 71 || !text.starts_with("sha256:") ||
        text.substr(7).find_first_not_of("0123456789abcdef") != std::string_view::npos)
        return std::nullopt;
    return Digest(std::string(text));
}

Digest Digest::of(base::Bytes data) {
    Sha256Stream stream;
    stream.update(data);
    return stream.finish();
}

// SHA-256 fails in OpenSSL only for want of memory; tools end then, as they do for operator new.
Sha256Stream::Sha256Stream() : context_(EVP_MD_CTX_new()) {
    if (context_ == nullptr || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1)
        std::abort();
}

void Sha256Stream::update(base::Bytes data) {
    if (EVP_DigestUpdate(context_.get(), data.data(), data.size()) != 1)
        std::abort();
}

Digest Sha256Stream::finish() {
    base::ByteArray<32> value;
    if (EVP_DigestFinal_ex(context_.get(), value.data(), nullptr) != 1)
        std::abort();
    std::string text = "sha256:" + std::string(64, '0');
    base::hex_encode(value, std::span(text).subspan(7));
    return Digest(std::move(text));
}

}  // namespace scone::oci
