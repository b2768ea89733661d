// Arithmetic on untrusted numbers: a result that does not fit is nullopt, never a wrapped value.
//
// Side: both
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

namespace scone::base {

template <std::integral T>
constexpr std::optional<T> checked_add(T a, T b) {
    T out;
    return __builtin_add_overflow(a, b, &out) ? std::nullopt : std::optional<T>(out);
}
template <std::integral T>
constexpr std::optional<T> checked_mul(T a, T b) {
    T out;
    return __builtin_mul_overflow(a, b, &out) ? std::nullopt : std::optional<T>(out);
}
template <std::integral To, std::integral From>
constexpr std::optional<To> checked_cast(From value) {
    if (!std::in_range<To>(value))
        return std::nullopt;
    return static_cast<To>(value);
}
// True when [offset, offset + size) lies in [0, limit).
constexpr bool range_fits(uint64_t offset, uint64_t size, uint64_t limit) {
    return offset <= limit && size <= limit - offset;
}
constexpr uint64_t round_down(uint64_t value, uint64_t unit) {
    return value - value % unit;
}
// Preconditions: value + unit - 1 does not overflow.
constexpr uint64_t round_up(uint64_t value, uint64_t unit) {
    return round_down(value + unit - 1, unit);
}

}  // namespace scone::base
