// Where in a text something is wrong, what, and what to write instead.
//
// Side:   hosted
// Units:  lines and columns count from 1; columns count characters (code points). Line 0: no place.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace scone::text {

struct Position {
    uint32_t line = 0;
    uint32_t column = 0;
    friend bool operator==(const Position&, const Position&) = default;
};

struct Diagnostic {
    Position at;
    std::string message;  // lower case, no full stop; expected and got
    std::string hint;     // "did you mean 'services'?"; may be empty
    friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};

// "3:7: unknown key 'servces' (did you mean 'services'?)"
std::string to_string(const Diagnostic& diagnostic);

// The candidate nearest to `word` by edit distance, when it is near enough to be a misspelling;
// else empty. The view points into `candidates`.
std::string_view nearest_name(std::string_view word,
                              const std::vector<std::string_view>& candidates);

}  // namespace scone::text
