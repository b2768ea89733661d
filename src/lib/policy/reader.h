// Reads a document by schema: takes keys out of mappings by type, and reports what is left over.
//
// Side:    hosted; for the parsers of this room only
// Note:    a null value means that the key is absent. Every problem becomes a Diagnostic in the
//          context and reading goes on, so that one run shows all of them (kMaxErrors at most).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/policy/session.h"
#include "lib/text/hex.h"
#include "lib/text/node.h"

namespace scone::policy {

inline constexpr size_t kMaxErrors = 50;
inline constexpr size_t kMaxListCount = 10'000;

// A version of the language, for features: {0, 3, 10}.
struct Since {
    uint8_t major = 0;
    uint8_t minor = 0;
    uint8_t patch = 0;
};

class ParseContext {
  public:
    LanguageVersion version;

    void error(text::Position at, std::string message, std::string hint = {});
    const std::vector<text::Diagnostic>& errors() const { return errors_; }
    std::vector<text::Diagnostic> take_errors() { return std::move(errors_); }

    // Reports a feature that is younger than the version that the text states. "0.3" without a
    // patch number admits everything up to 0.3.9 (see LanguageVersion).
    void require(Since since, text::Position at, std::string_view feature);
    bool is_older_than_0_3() const;

    // The value of a scalar; an error and nullopt otherwise. `what` names it: "'pwd'".
    std::optional<std::string> text_of(const text::Node& node, std::string_view what);
    std::optional<bool> flag_of(const text::Node& node, std::string_view what);
    std::optional<uint64_t> number_of(const text::Node& node, std::string_view what, uint64_t max);
    // Exactly `size` bytes as hex digits, handed back in lower case.
    std::optional<std::string> hex_of(const text::Node& node, std::string_view what, size_t size);
    // The same, as bytes.
    template <size_t N>
    std::optional<base::ByteArray<N>> bytes_of(const text::Node& node, std::string_view what) {
        auto digits = hex_of(node, what, N);
        return digits ? text::array_from_hex<N>(*digits) : std::nullopt;
    }
    // A list of scalars, or one scalar as a list of one. Nulls are skipped.
    std::vector<const text::Node*> scalars_of(const text::Node& node, std::string_view what);
    // The items of a list; an error when it is none.
    std::vector<const text::Node*> items_of(const text::Node& node, std::string_view what);

  private:
    std::vector<text::Diagnostic> errors_;
};

class MappingReader {
  public:
    // `what` names the mapping in messages: "service", "the policy". Reports a node of other kind.
    MappingReader(ParseContext& context, const text::Node& node, std::string_view what);

    // The value of a key that the schema knows; nullptr when absent or null.
    const text::Node* take(std::string_view key, Since since = {});
    // The same, by type. `required` reports an absent key.
    std::optional<std::string> text(std::string_view key, Since since = {});
    std::string required_text(std::string_view key);
    std::optional<bool> flag(std::string_view key, Since since = {});
    // Reports every key that was not taken, with the nearest known name. Call it last.
    void finish();
    bool is_mapping() const { return node_.is_mapping(); }

  private:
    ParseContext& context_;
    const text::Node& node_;
    std::string what_;
    std::vector<std::string_view> known_;
};

// Looks up a word in a table of {name, value}; reports an unknown one with the nearest name.
template <class Value, size_t N>
std::optional<Value> word_of(ParseContext& context, const text::Node& node, std::string_view what,
                             const std::pair<std::string_view, Value> (&table)[N]) {
    auto word = context.text_of(node, what);
    if (!word)
        return std::nullopt;
    std::vector<std::string_view> names;
    for (const auto& [name, value] : table) {
        if (name == *word)
            return value;
        names.push_back(name);
    }
    std::string_view nearest = text::nearest_name(*word, names);
    std::string hint = nearest.empty() ? "known: " : "did you mean '" + std::string(nearest) + "'?";
    for (size_t i = 0; nearest.empty() && i < names.size(); i++)
        hint.append(i > 0 ? ", " : "").append(names[i]);
    context.error(node.at, "unknown value '" + *word + "' for " + std::string(what),
                  std::move(hint));
    return std::nullopt;
}

}  // namespace scone::policy
