#include "lib/text/utf8.h"

#include <cstdint>

namespace scone::text {

size_t utf8_sequence_size(std::string_view text, size_t at) {
    if (at >= text.size())
        return 0;
    auto byte = [&](size_t i) { return static_cast<uint8_t>(text[at + i]); };
    uint8_t lead = byte(0);
    if (lead < 0x80)
        return 1;
    size_t size = 0;
    uint8_t low = 0x80;  // bounds of the second byte
    uint8_t high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
        size = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        size = 3;
        low = lead == 0xE0 ? 0xA0 : 0x80;
        high = lead == 0xED ? 0x9F : 0xBF;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        size = 4;
        low = lead == 0xF0 ? 0x90 : 0x80;
        high = lead == 0xF4 ? 0x8F : 0xBF;
    }
    if (size == 0 || text.size() - at < size || byte(1) < low || byte(1) > high)
        return 0;
    for (size_t i = 2; i < size; i++) {
        if ((byte(i) & 0xC0) != 0x80)
            return 0;
    }
    return size;
}

bool is_valid_utf8(std::string_view text) {
    for (size_t at = 0; at < text.size();) {
        size_t size = utf8_sequence_size(text, at);
        if (size == 0)
            return false;
        at += size;
    }
    return true;
}

std::string valid_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
        size_t size = utf8_sequence_size(text, at);
        if (size == 0) {
            out += "\xEF\xBF\xBD";
            at++;
        } else {
            out.append(text, at, size);
            at += size;
        }
    }
    return out;
}

}  // namespace scone::text
