// The one file that knows nlohmann-json: its events build our values, its errors become ours.
#include "lib/text/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "lib/text/utf8.h"

namespace scone::text {
namespace {

// Reads the text byte by byte and tells how far the parser has come.
struct CountingIterator {
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    const char* at = nullptr;
    size_t* read_count = nullptr;

    reference operator*() const { return *at; }
    CountingIterator& operator++() {
        ++at;
        ++*read_count;
        return *this;
    }
    friend bool operator!=(const CountingIterator& a, const CountingIterator& b) {
        return a.at != b.at;
    }
};

Position position_of(std::string_view text, size_t offset) {
    Position at{1, 1};
    for (size_t i = 0; i < offset && i < text.size(); i++) {
        if (text[i] == '\n') {
            at.line++;
            at.column = 1;
        } else if ((text[i] & 0xC0) != 0x80) {
            at.column++;
        }
    }
    return at;
}

// The offset of the quote that opens the string whose closing quote stands at `closing`.
size_t opening_quote(std::string_view text, size_t closing) {
    size_t i = closing;
    while (i > 0) {
        i--;
        if (text[i] != '"')
            continue;
        size_t backslashes = 0;
        while (backslashes < i && text[i - 1 - backslashes] == '\\')
            backslashes++;
        if (backslashes % 2 == 0)
            return i;
    }
    return closing;
}

}  // namespace

// Turns the parser's events into values. `position` is the count of bytes read so far: a string or
// bracket ends exactly there, a number one byte before (or at the end of the text).
class JsonBuilder {
  public:
    JsonBuilder(std::string_view text, JsonLimits limits) : text_(text), limits_(limits) {}

    bool run() {
        const char* begin = text_.data();
        CountingIterator first{begin, &position_};
        CountingIterator last{begin + text_.size(), nullptr};
        return nlohmann::json::sax_parse(first, last, this) && !error_;
    }
    Json take_root() { return std::move(root_); }
    Diagnostic error() const {
        return error_.value_or(Diagnostic{{1, 1}, "expected a JSON value", {}});
    }
    void want_slice_of(std::string_view key) { wanted_key_ = key; }
    std::optional<std::string_view> slice() const { return slice_; }

    bool null() { return add(Json()); }
    bool boolean(bool value) { return add(Json(value)); }
    bool number_integer(int64_t value) { return add(Json(value)); }
    bool number_unsigned(uint64_t value) {
        if (std::in_range<int64_t>(value))
            return add(Json(static_cast<int64_t>(value)));
        return add(Json(value));
    }
    bool number_float(double value, const std::string&) { return add(Json(value)); }
    bool string(std::string& value) { return add(Json(std::move(value))); }
    bool binary(nlohmann::json::binary_t&) { return false; }
    bool start_object(size_t) { return open(Json::object()); }
    bool start_array(size_t) { return open(Json::array()); }
    bool end_object() { return close(); }
    bool end_array() { return close(); }

    bool key(std::string& name) {
        Frame& frame = frames_.back();
        if (!frame.keys.insert(name).second) {
            return refuse(opening_quote(text_, position_ - 1),
                          "key '" + name + "' stands twice in one object");
        }
        if (frames_.size() == 1 && wanted_key_ && name == *wanted_key_)
            slice_start_ = position_;
        frame.key = std::move(name);
        return true;
    }

    bool parse_error(size_t position, const std::string& last_token,
                     const nlohmann::json::exception&) {
        std::string got = last_token.empty() ? "the end" : "'" + last_token + "'";
        for (char& c : got) {
            if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F)
                c = '?';
        }
        constexpr size_t kLongestExcerpt = 60;
        if (got.size() > kLongestExcerpt)
            got = "..." + got.substr(got.size() - kLongestExcerpt);
        return refuse(position > 0 ? position - 1 : 0, "not JSON: unexpected " + got);
    }

  private:
    struct Frame {
        Json value;
        std::string key;
        std::unordered_set<std::string> keys;
    };

    bool refuse(size_t offset, std::string message) {
        if (!error_)
            error_ = Diagnostic{position_of(text_, offset), std::move(message), {}};
        return false;
    }

    bool open(Json container) {
        if (frames_.size() >= limits_.max_depth) {
            return refuse(position_ - 1,
                          "nested deeper than " + std::to_string(limits_.max_depth) + " levels");
        }
        frames_.push_back({std::move(container), {}, {}});
        return true;
    }

    bool close() {
        Json done = std::move(frames_.back().value);
        frames_.pop_back();
        return add(std::move(done));
    }

    bool add(Json value) {
        if (frames_.empty()) {
            root_ = std::move(value);
            return true;
        }
        if (frames_.size() == 1 && slice_start_)
            end_slice(*slice_start_);
        Frame& frame = frames_.back();
        if (auto* array = std::get_if<Json::Array>(&frame.value.value_))
            array->push_back(std::move(value));
        else if (auto* object = std::get_if<Json::Object>(&frame.value.value_))
            object->push_back({std::move(frame.key), std::move(value)});
        return true;
    }

    // From behind the key and its colon to the end of the value, without what surrounds it.
    void end_slice(size_t start) {
        constexpr std::string_view kBefore = " \t\r\n:";
        constexpr std::string_view kAfter = " \t\r\n,}";
        std::string_view range = text_.substr(start, position_ - start);
        size_t skip = range.find_first_not_of(kBefore);
        range.remove_prefix(skip == std::string_view::npos ? range.size() : skip);
        // Only behind a number has the parser read one byte too many.
        if (!range.empty() && range.front() != '{' && range.front() != '"') {
            while (!range.empty() && kAfter.find(range.back()) != std::string_view::npos)
                range.remove_suffix(1);
        }
        slice_ = range;
        slice_start_.reset();
    }

    std::string_view text_;
    JsonLimits limits_;
    size_t position_ = 0;
    std::vector<Frame> frames_;
    Json root_;
    std::optional<Diagnostic> error_;
    std::optional<std::string_view> wanted_key_;
    std::optional<size_t> slice_start_;
    std::optional<std::string_view> slice_;
};

namespace {

std::optional<Diagnostic> size_error(std::string_view text, JsonLimits limits) {
    if (text.size() <= limits.max_size)
        return std::nullopt;
    return Diagnostic{{1, 1},
                      "expected at most " + std::to_string(limits.max_size) +
                          " bytes of JSON, got " + std::to_string(text.size()),
                      {}};
}

}  // namespace

Json Json::object() {
    Json out;
    out.value_ = Object{};
    return out;
}

const Json::Object* Json::as_object() const {
    return std::get_if<Object>(&value_);
}

std::optional<bool> Json::as_bool() const {
    const bool* value = std::get_if<bool>(&value_);
    return value ? std::optional<bool>(*value) : std::nullopt;
}

std::optional<int64_t> Json::as_int64() const {
    if (const auto* value = std::get_if<int64_t>(&value_))
        return *value;
    const auto* value = std::get_if<uint64_t>(&value_);
    if (value && std::in_range<int64_t>(*value))
        return static_cast<int64_t>(*value);
    return std::nullopt;
}

std::optional<uint64_t> Json::as_uint64() const {
    if (const auto* value = std::get_if<uint64_t>(&value_))
        return *value;
    const auto* value = std::get_if<int64_t>(&value_);
    if (value && *value >= 0)
        return static_cast<uint64_t>(*value);
    return std::nullopt;
}

std::optional<double> Json::as_double() const {
    if (const auto* value = std::get_if<double>(&value_))
        return *value;
    if (const auto* value = std::get_if<int64_t>(&value_))
        return static_cast<double>(*value);
    if (const auto* value = std::get_if<uint64_t>(&value_))
        return static_cast<double>(*value);
    return std::nullopt;
}

const Json* Json::find(std::string_view key) const {
    const Object* members = as_object();
    if (!members)
        return nullptr;
    for (const Member& member : *members) {
        if (member.key == key)
            return &member.value;
    }
    return nullptr;
}

const std::string* Json::find_string(std::string_view key) const {
    const Json* value = find(key);
    return value ? value->as_string() : nullptr;
}

const Json::Array* Json::find_array(std::string_view key) const {
    const Json* value = find(key);
    return value ? value->as_array() : nullptr;
}

const Json::Object* Json::find_object(std::string_view key) const {
    const Json* value = find(key);
    return value ? value->as_object() : nullptr;
}

std::optional<bool> Json::find_bool(std::string_view key) const {
    const Json* value = find(key);
    return value ? value->as_bool() : std::nullopt;
}

std::optional<int64_t> Json::find_int64(std::string_view key) const {
    const Json* value = find(key);
    return value ? value->as_int64() : std::nullopt;
}

std::optional<uint64_t> Json::find_uint64(std::string_view key) const {
    const Json* value = find(key);
    return value ? value->as_uint64() : std::nullopt;
}

Json& Json::set(std::string key, Json value) {
    if (is_null())
        value_ = Object{};
    auto* members = std::get_if<Object>(&value_);
    if (!members)
        __builtin_trap();  // the caller's precondition
    for (Member& member : *members) {
        if (member.key == key) {
            member.value = std::move(value);
            return *this;
        }
    }
    members->push_back({std::move(key), std::move(value)});
    return *this;
}

Json& Json::push(Json value) {
    if (is_null())
        value_ = Array{};
    auto* elements = std::get_if<Array>(&value_);
    if (!elements)
        __builtin_trap();  // the caller's precondition
    elements->push_back(std::move(value));
    return *this;
}

base::Result<Json, Diagnostic> parse_json(std::string_view text, JsonLimits limits) {
    if (auto error = size_error(text, limits))
        return base::fail(std::move(*error));
    JsonBuilder builder(text, limits);
    if (!builder.run())
        return base::fail(builder.error());
    return builder.take_root();
}

std::optional<std::string_view> raw_slice(std::string_view text, std::string_view key,
                                          JsonLimits limits) {
    if (size_error(text, limits))
        return std::nullopt;
    JsonBuilder builder(text, limits);
    builder.want_slice_of(key);
    if (!builder.run())
        return std::nullopt;
    return builder.slice();
}

class JsonWriter {
  public:
    explicit JsonWriter(unsigned indent) : indent_(indent) {}

    void write(const Json& value, unsigned level) {
        if (const auto* text = std::get_if<std::string>(&value.value_))
            write_text(*text);
        else if (const auto* array = std::get_if<Json::Array>(&value.value_))
            write_array(*array, level);
        else if (const auto* object = std::get_if<Json::Object>(&value.value_))
            write_object(*object, level);
        else if (const auto* flag = std::get_if<bool>(&value.value_))
            out_ += *flag ? "true" : "false";
        else if (const auto* whole = std::get_if<int64_t>(&value.value_))
            out_ += std::to_string(*whole);
        else if (const auto* large = std::get_if<uint64_t>(&value.value_))
            out_ += std::to_string(*large);
        else if (const auto* number = std::get_if<double>(&value.value_))
            write_double(*number);
        else
            out_ += "null";
    }
    std::string take() { return std::move(out_); }

  private:
    void write_text(std::string_view text) { out_ += '"' + escape_json(valid_utf8(text)) + '"'; }

    void write_double(double number) {
        if (!std::isfinite(number)) {
            out_ += "null";
            return;
        }
        char digits[40];
        auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
        out_.append(digits, end);
        // A number without point or exponent would be read as an integer.
        if (std::find_if(digits, end, [](char c) { return c == '.' || c == 'e'; }) == end)
            out_ += ".0";
    }

    void write_array(const Json::Array& array, unsigned level) {
        out_ += '[';
        for (size_t i = 0; i < array.size(); i++) {
            if (i > 0)
                out_ += ',';
            new_line(level + 1);
            write(array[i], level + 1);
        }
        if (!array.empty())
            new_line(level);
        out_ += ']';
    }

    void write_object(const Json::Object& object, unsigned level) {
        out_ += '{';
        for (size_t i = 0; i < object.size(); i++) {
            if (i > 0)
                out_ += ',';
            new_line(level + 1);
            write_text(object[i].key);
            out_ += indent_ > 0 ? ": " : ":";
            write(object[i].value, level + 1);
        }
        if (!object.empty())
            new_line(level);
        out_ += '}';
    }

    void new_line(unsigned level) {
        if (indent_ > 0)
            out_.append(1, '\n').append(size_t{level} * indent_, ' ');
    }

    unsigned indent_;
    std::string out_;
};

std::string write_json(const Json& value, unsigned indent) {
    JsonWriter writer(indent);
    writer.write(value, 0);
    return writer.take();
}

}  // namespace scone::text
