// The short names of a place in the source, as messages show them: `run_main.cpp` and `run`.
//
// Side: both
#pragma once

#include <source_location>
#include <string_view>

namespace scone::base {

// The file without its folders.
std::string_view plain_file_name(const std::source_location& where);
// The function's name alone: no result, namespace, class or parameters. A lambda has that of the
// function it stands in.
std::string_view plain_function_name(const std::source_location& where);

// The same for a signature as __PRETTY_FUNCTION__ has it.
std::string_view plain_function_name(std::string_view signature);

}  // namespace scone::base
