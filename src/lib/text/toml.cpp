// The one file that knows toml++, built without its exceptions.
#include "lib/text/toml.h"

#include <algorithm>
#include <optional>
#include <sstream>

#include "lib/text/toml_ascii.h"
#include "lib/text/utf8.h"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 1
// toml++ asserts that a key follows '[' and, right after, reports an error where there is none: the
// error is what we want. With NDEBUG it would assume the key, which is undefined behaviour.
#undef NDEBUG
#define TOML_ASSERT(condition) static_cast<void>(0)
#include <toml++/toml.h>

namespace scone::text {
namespace {

constexpr size_t kMaxSize = size_t{1} << 20;
constexpr size_t kMaxDepth = 64;

Position place_of(const toml::source_region& region) {
    return {region.begin.line, region.begin.column};
}

template <class Value>
std::string printed(const Value& value) {
    std::ostringstream out;
    out << value;
    return out.str();
}

class Converter {
  public:
    std::optional<Diagnostic> error;

    Node convert(const toml::node& from, size_t depth) {
        Node out;
        if (depth > kMaxDepth) {
            error = Diagnostic{place_of(from.source()), "nested deeper than 64 levels", {}};
        } else if (const toml::table* table = from.as_table()) {
            out = convert_table(*table, depth);
        } else if (const toml::array* array = from.as_array()) {
            out = Node::sequence();
            for (const toml::node& item : *array)
                out.add(convert(item, depth + 1));
        } else if (const auto* text = from.as_string()) {
            out = Node::scalar(text->get());
        } else {
            out = Node::scalar(plain_text(from), ScalarStyle::Plain);
        }
        out.at = place_of(from.source());
        return out;
    }

  private:
    Node convert_table(const toml::table& table, size_t depth) {
        Node out = Node::mapping();
        for (const auto& [key, value] : table) {
            Node converted = convert(value, depth + 1);
            out.entries.push_back(
                {std::string(key.str()), place_of(key.source()), std::move(converted)});
        }
        // toml++ sorts by name; messages follow the text.
        std::ranges::sort(out.entries, {}, [](const NodeEntry& entry) {
            return std::pair(entry.at.line, entry.at.column);
        });
        return out;
    }

    static std::string plain_text(const toml::node& from) {
        if (const auto* number = from.as_integer())
            return std::to_string(number->get());
        if (const auto* flag = from.as_boolean())
            return flag->get() ? "true" : "false";
        if (const auto* real = from.as_floating_point())
            return printed(real->get());
        if (const auto* date = from.as_date())
            return printed(date->get());
        if (const auto* time = from.as_time())
            return printed(time->get());
        if (const auto* both = from.as_date_time())
            return printed(both->get());
        return {};
    }
};

}  // namespace

base::Result<Node, Diagnostic> parse_toml(std::string_view text) {
    if (text.size() > kMaxSize)
        return base::fail(Diagnostic{{1, 1}, "expected at most 1 MiB of TOML", {}});
    if (!is_valid_utf8(text))
        return base::fail(Diagnostic{{1, 1}, "expected UTF-8", {}});
    const auto ascii = toml_in_ascii(text);
    if (!ascii) {
        return base::fail(
            Diagnostic{ascii.error(),
                       "not TOML: only strings and comments may have characters beyond ASCII",
                       {}});
    }
    toml::parse_result parsed = toml::parse(*ascii);
    if (!parsed) {
        return base::fail(Diagnostic{place_of(parsed.error().source()),
                                     "not TOML: " + std::string(parsed.error().description()),
                                     {}});
    }
    Converter converter;
    Node root = converter.convert(parsed.table(), 0);
    if (converter.error)
        return base::fail(std::move(*converter.error));
    return root;
}

}  // namespace scone::text
