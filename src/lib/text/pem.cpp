#include "lib/text/pem.h"

#include "lib/text/base64.h"

namespace scone::text {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";
constexpr std::string_view kDashes = "-----";

bool at_line_start(std::string_view text, size_t position) {
    return position == 0 || text[position - 1] == '\n' || text[position - 1] == '\r';
}

bool label_is_allowed(std::string_view label) {
    if (label.empty() || label.size() > 64)
        return false;
    for (char c : label) {
        if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != ' ')
            return false;
    }
    return true;
}

// Reads the block whose BEGIN stands at `position` and moves `position` behind its END line.
std::optional<PemBlock> read_block(std::string_view text, size_t& position) {
    size_t label_at = position + kBegin.size();
    size_t label_end = text.find(kDashes, label_at);
    if (label_end == std::string_view::npos)
        return std::nullopt;
    std::string_view label = text.substr(label_at, label_end - label_at);
    if (!label_is_allowed(label))
        return std::nullopt;
    size_t body_at = label_end + kDashes.size();
    size_t end_at = text.find(kEnd, body_at);
    if (end_at == std::string_view::npos || !at_line_start(text, end_at))
        return std::nullopt;
    std::string_view tail = text.substr(end_at + kEnd.size());
    if (!tail.starts_with(label) || !tail.substr(label.size()).starts_with(kDashes))
        return std::nullopt;
    // A header ("Proc-Type: ...") has a ':', which is not base64: refused there.
    auto der = from_base64_lines(text.substr(body_at, end_at - body_at));
    if (!der || der->empty())
        return std::nullopt;
    position = end_at + kEnd.size() + label.size() + kDashes.size();
    return PemBlock{std::string(label), std::move(*der)};
}

}  // namespace

std::optional<std::vector<PemBlock>> from_pem(std::string_view text) {
    if (text.size() > kMaxPemSize)
        return std::nullopt;
    std::vector<PemBlock> blocks;
    size_t position = 0;
    while ((position = text.find(kBegin, position)) != std::string_view::npos) {
        if (!at_line_start(text, position) || blocks.size() == kMaxPemBlocks)
            return std::nullopt;
        auto block = read_block(text, position);
        if (!block)
            return std::nullopt;
        blocks.push_back(std::move(*block));
    }
    if (blocks.empty())
        return std::nullopt;
    return blocks;
}

std::optional<std::vector<uint8_t>> single_from_pem(std::string_view text, std::string_view label) {
    auto blocks = from_pem(text);
    if (!blocks || blocks->size() != 1 || blocks->front().label != label)
        return std::nullopt;
    return std::move(blocks->front().der);
}

std::string to_pem(std::string_view label, base::Bytes der) {
    constexpr size_t kLineSize = 64;
    std::string body = to_base64(der);
    std::string out = std::string(kBegin).append(label).append("-----\n");
    for (size_t at = 0; at < body.size(); at += kLineSize)
        out.append(body, at, kLineSize).push_back('\n');
    return out.append(kEnd).append(label).append("-----\n");
}

bool looks_like_pem(std::string_view text) {
    return text.find(kBegin) != std::string_view::npos;
}

}  // namespace scone::text
