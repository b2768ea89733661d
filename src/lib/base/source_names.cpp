#include "lib/base/source_names.h"

namespace scone::base {
namespace {

// Unlike substr() this has nothing to throw.
std::string_view part(std::string_view text, size_t begin, size_t end) {
    return {text.data() + begin, end - begin};
}

}  // namespace

std::string_view plain_file_name(const std::source_location& where) {
    std::string_view path = where.file_name();
    size_t begin = path.size();
    while (begin > 0 && path[begin - 1] != '/')
        begin--;
    return part(path, begin, path.size());
}

std::string_view plain_function_name(const std::source_location& where) {
    return plain_function_name(std::string_view(where.function_name()));
}

std::string_view plain_function_name(std::string_view signature) {
    // Clang writes `(anonymous namespace)` where GCC writes `{anonymous}`: that one opens no
    // parameters.
    constexpr std::string_view kUnnamed = "(anonymous ";
    size_t end = 0;
    while (end < signature.size() &&
           (signature[end] != '(' || part(signature, end, signature.size()).starts_with(kUnnamed)))
        end++;
    size_t begin = end;
    while (begin > 0 && signature[begin - 1] != ' ' && signature[begin - 1] != ':')
        begin--;
    return part(signature, begin, end);
}

}  // namespace scone::base
