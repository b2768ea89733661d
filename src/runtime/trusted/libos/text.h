// Short texts of the runtime: paths, and numbers written into fixed buffers.
//
// Side: trusted
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace scone::libos {

inline constexpr size_t kPathMax = 4096;

// A text of at most N-1 bytes and a NUL. Appending what does not fit sets overflowed().
template <size_t N>
class FixedText {
  public:
    // Only what is in use is written and copied: most of a path's room never is.
    constexpr FixedText() {
        if consteval {
            for (char& c : data_)
                c = 0;
        }
        data_[0] = 0;
    }
    explicit FixedText(std::string_view text) : FixedText() { append(text); }
    FixedText(const FixedText& other) { *this = other; }
    FixedText& operator=(const FixedText& other) {
        if (this != &other) {
            size_ = other.size_;
            overflowed_ = other.overflowed_;
            __builtin_memcpy(data_, other.data_, size_ + 1);
        }
        return *this;
    }
    void clear() {
        size_ = 0;
        overflowed_ = false;
        data_[0] = 0;
    }
    FixedText& append(std::string_view text) {
        size_t room = N - 1 - size_;
        size_t count = text.size() < room ? text.size() : room;
        if (count < text.size())
            overflowed_ = true;
        __builtin_memcpy(data_ + size_, text.data(), count);
        size_ += count;
        data_[size_] = 0;
        return *this;
    }
    FixedText& append(char c) { return append(std::string_view(&c, 1)); }
    FixedText& append_number(uint64_t value, unsigned base = 10, unsigned width = 0) {
        char digits[24];
        size_t at = sizeof digits;
        do {
            digits[--at] = "0123456789abcdef"[value % base];
            value /= base;
        } while (value != 0);
        while (sizeof digits - at < width && at > 0)
            digits[--at] = '0';
        return append({digits + at, sizeof digits - at});
    }
    FixedText& append_signed(int64_t value) {
        if (value < 0)
            append('-');
        return append_number(value < 0 ? 0 - static_cast<uint64_t>(value)
                                       : static_cast<uint64_t>(value));
    }
    void truncate(size_t size) {
        if (size < size_) {
            size_ = size;
            data_[size_] = 0;
        }
    }
    std::string_view view() const { return {data_, size_}; }
    const char* c_str() const { return data_; }
    char* data() { return data_; }
    size_t size() const { return size_; }
    void set_size(size_t size) {
        size_ = size;
        data_[size_] = 0;
    }
    bool overflowed() const { return overflowed_; }
    static constexpr size_t capacity() { return N - 1; }

  private:
    char data_[N];
    size_t size_ = 0;
    bool overflowed_ = false;
};

using Path = FixedText<kPathMax>;

}  // namespace scone::libos
