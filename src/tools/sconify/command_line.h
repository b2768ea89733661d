// What a native image starts: its ENTRYPOINT and CMD as words, a shell's command line undone.
//
// Side:   host
// Errors: Unsupported (a shell line that needs a shell), Usage (a quote that does not end)
#pragma once

#include <string>
#include <vector>

#include "tools/oci/image_config.h"

namespace scone::sconify {

// Words of a line, with single and double quotes and backslashes, as a shell splits them. Anything
// that only a shell could do (variables, pipes, redirections, several commands, patterns) is
// refused with advice.
text::Outcome<std::vector<std::string>> split_shell_words(std::string_view line);

// ENTRYPOINT and CMD together; ["/bin/sh", "-c", "python3 app.py"] becomes python3 app.py.
text::Outcome<std::vector<std::string>> command_of(const oci::ImageConfig& config);

}  // namespace scone::sconify
