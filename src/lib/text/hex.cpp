#include "lib/text/hex.h"

namespace scone::text {

std::string to_hex(base::Bytes bytes) {
    std::string out(2 * bytes.size(), '0');
    base::hex_encode(bytes, out);
    return out;
}

std::optional<std::vector<uint8_t>> from_hex(std::string_view digits) {
    if (digits.size() % 2 != 0)
        return std::nullopt;
    std::vector<uint8_t> out(digits.size() / 2);
    if (!base::hex_decode(digits, out))
        return std::nullopt;
    return out;
}

}  // namespace scone::text
