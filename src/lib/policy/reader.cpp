#include "lib/policy/reader.h"

#include <algorithm>
#include <charconv>

#include "lib/text/hex.h"

namespace scone::policy {
namespace {

// Long foreign text must not flood a message.
std::string excerpt(std::string_view text) {
    constexpr size_t kLongest = 60;
    return text.size() <= kLongest ? std::string(text)
                                   : std::string(text.substr(0, kLongest)) + "...";
}

std::string_view kind_name(const text::Node& node) {
    if (node.is_mapping())
        return "a mapping";
    return node.is_sequence() ? "a list" : node.is_null() ? "nothing" : "a text";
}

std::string version_text(Since since) {
    return std::to_string(since.major) + "." + std::to_string(since.minor) +
           (since.patch > 0 ? "." + std::to_string(since.patch) : "");
}

}  // namespace

void ParseContext::error(text::Position at, std::string message, std::string hint) {
    if (errors_.size() < kMaxErrors)
        errors_.push_back({at, std::move(message), std::move(hint)});
}

bool ParseContext::is_older_than_0_3() const {
    return version.major == 0 && version.minor < 3;
}

void ParseContext::require(Since since, text::Position at, std::string_view feature) {
    LanguageVersion needed{since.major, since.minor, since.patch, {}};
    LanguageVersion stated = version;
    constexpr uint8_t kLastWithoutPatchNumber = 9;
    if (stated.major == 0 && stated.minor == 3 && stated.patch == 0)
        stated.patch = kLastWithoutPatchNumber;
    if (stated >= needed)
        return;
    std::string number = version_text(since);
    error(at,
          std::string(feature) + " needs language version " + number + ", the policy states " +
              version.text,
          "write version: \"" + number + "\"");
}

std::optional<std::string> ParseContext::text_of(const text::Node& node, std::string_view what) {
    if (!node.is_scalar() || node.is_null()) {
        error(node.at,
              "expected a text for " + std::string(what) + ", got " + std::string(kind_name(node)));
        return std::nullopt;
    }
    if (node.text.find('\0') != std::string::npos) {
        error(node.at, std::string(what) + " contains a NUL character");
        return std::nullopt;
    }
    return node.text;
}

std::optional<bool> ParseContext::flag_of(const text::Node& node, std::string_view what) {
    auto word = text_of(node, what);
    if (!word)
        return std::nullopt;
    if (*word == "true" || *word == "True" || *word == "TRUE")
        return true;
    if (*word == "false" || *word == "False" || *word == "FALSE")
        return false;
    error(node.at,
          "expected true or false for " + std::string(what) + ", got '" + excerpt(*word) + "'");
    return std::nullopt;
}

std::optional<uint64_t> ParseContext::number_of(const text::Node& node, std::string_view what,
                                                uint64_t max) {
    auto word = text_of(node, what);
    if (!word)
        return std::nullopt;
    uint64_t value = 0;
    auto [end, code] = std::from_chars(word->data(), word->data() + word->size(), value);
    if (code == std::errc() && end == word->data() + word->size() && value <= max)
        return value;
    error(node.at, "expected a number from 0 to " + std::to_string(max) + " for " +
                       std::string(what) + ", got '" + excerpt(*word) + "'");
    return std::nullopt;
}

std::optional<std::string> ParseContext::hex_of(const text::Node& node, std::string_view what,
                                                size_t size) {
    auto word = text_of(node, what);
    if (!word)
        return std::nullopt;
    auto bytes = text::from_hex(*word);
    if (bytes && bytes->size() == size)
        return text::to_hex(*bytes);
    error(node.at, "expected " + std::to_string(2 * size) + " hex digits for " + std::string(what) +
                       ", got '" + excerpt(*word) + "'");
    return std::nullopt;
}

std::vector<const text::Node*> ParseContext::scalars_of(const text::Node& node,
                                                        std::string_view what) {
    std::vector<const text::Node*> out;
    if (node.is_scalar() && !node.is_null())
        return {&node};
    for (const text::Node* item : items_of(node, what)) {
        if (item->is_null())
            continue;
        if (item->is_scalar())
            out.push_back(item);
        else
            error(item->at, "expected a text in " + std::string(what) + ", got " +
                                std::string(kind_name(*item)));
    }
    return out;
}

std::vector<const text::Node*> ParseContext::items_of(const text::Node& node,
                                                      std::string_view what) {
    std::vector<const text::Node*> out;
    if (!node.is_sequence()) {
        error(node.at,
              "expected a list for " + std::string(what) + ", got " + std::string(kind_name(node)));
        return out;
    }
    if (node.items.size() > kMaxListCount) {
        error(node.at,
              std::string(what) + " has more than " + std::to_string(kMaxListCount) + " members");
        return out;
    }
    for (const text::Node& item : node.items)
        out.push_back(&item);
    return out;
}

MappingReader::MappingReader(ParseContext& context, const text::Node& node, std::string_view what)
    : context_(context), node_(node), what_(what) {
    if (!node.is_mapping()) {
        context_.error(node.at,
                       "expected a mapping for " + what_ + ", got " + std::string(kind_name(node)));
    }
}

const text::Node* MappingReader::take(std::string_view key, Since since) {
    known_.push_back(key);
    for (const text::NodeEntry& entry : node_.entries) {
        if (entry.key != key)
            continue;
        // A null with a tag is a value of its own ("store_in: !cas").
        if (entry.value.is_null() && entry.value.tag.empty())
            return nullptr;
        context_.require(since, entry.at, "'" + entry.key + "'");
        return &entry.value;
    }
    return nullptr;
}

std::optional<std::string> MappingReader::text(std::string_view key, Since since) {
    const text::Node* node = take(key, since);
    return node ? context_.text_of(*node, "'" + std::string(key) + "'") : std::nullopt;
}

std::string MappingReader::required_text(std::string_view key) {
    if (const text::Node* node = take(key))
        return context_.text_of(*node, "'" + std::string(key) + "'").value_or("");
    if (node_.is_mapping())
        context_.error(node_.at, what_ + " has no '" + std::string(key) + "'");
    return {};
}

std::optional<bool> MappingReader::flag(std::string_view key, Since since) {
    const text::Node* node = take(key, since);
    return node ? context_.flag_of(*node, "'" + std::string(key) + "'") : std::nullopt;
}

void MappingReader::finish() {
    for (const text::NodeEntry& entry : node_.entries) {
        if (std::ranges::find(known_, entry.key) != known_.end())
            continue;
        std::string_view nearest = text::nearest_name(entry.key, known_);
        context_.error(entry.at, "unknown key '" + excerpt(entry.key) + "' in " + what_,
                       nearest.empty() ? "" : "did you mean '" + std::string(nearest) + "'?");
    }
}

}  // namespace scone::policy
