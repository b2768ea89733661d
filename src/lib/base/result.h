// What a function that can fail hands back.
//
// Side:    both
// Result<T, E> is std::expected; SCONE_TRY passes an error up, SCONE_MUST stops the program under a
// comment that proves it cannot fail. No exceptions are needed or thrown.
#pragma once

#include <cstdint>
#include <expected>
#include <type_traits>
#include <utility>

namespace scone::base {

template <class T, class E>
using Result = std::expected<T, E>;

template <class E>
constexpr std::unexpected<std::decay_t<E>> fail(E&& error) {
    return std::unexpected<std::decay_t<E>>(std::forward<E>(error));
}

// The error of a `lib` room: a code of the room's own enum, a literal text (lower case, no full
// stop, expected and got), and one number that belongs to it (an offset, a size, an index).
template <class Code>
struct ErrorOf {
    Code code;
    const char* text;
    uint64_t number = 0;

    friend constexpr bool operator==(const ErrorOf& a, Code b) { return a.code == b; }
};

}  // namespace scone::base

// Evaluates to the value; returns the error from the enclosing function.
#define SCONE_TRY(expression)                                            \
    ({                                                                   \
        auto&& scone_try_result = (expression);                          \
        if (!scone_try_result)                                           \
            return std::unexpected(std::move(scone_try_result).error()); \
        scone::base::detail::take(std::move(scone_try_result));          \
    })

// For a Result that was proven not to fail; the proof stands in a comment above the use.
#define SCONE_MUST(expression)                                   \
    ({                                                           \
        auto&& scone_must_result = (expression);                 \
        if (!scone_must_result)                                  \
            __builtin_trap();                                    \
        scone::base::detail::take(std::move(scone_must_result)); \
    })

namespace scone::base::detail {
template <class T, class E>
constexpr T take(std::expected<T, E>&& result) {
    if constexpr (!std::is_void_v<T>)
        return std::move(*result);
}
}  // namespace scone::base::detail
