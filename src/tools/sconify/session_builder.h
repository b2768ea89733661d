// The session (policy) of a converted image, from the built-in template or the user's.
//
// Side:   host
// Errors: NotFound (no such template), InvalidInput (the result is no valid session, with line and
//         column)
// Source: docs/how-to/convert-an-image.md, "Templates"; docs/reference/session-language.md
#pragma once

#include <string>
#include <vector>

#include "tools/sconify/image_writer.h"

namespace scone::sconify {

struct SessionFacts {
    std::vector<std::string> command;
    std::vector<std::pair<std::string, std::string>> environment;  // in the order of the session
    std::string pwd;
    std::string mrenclave, fspf_key, fspf_tag;
};

// Native variables, --env (wins), LD_LIBRARY_PATH, SCONE_LOG.
std::vector<std::pair<std::string, std::string>> session_environment(const NativeImage& image,
                                                                     const Collected& files,
                                                                     const Options& options);

text::Outcome<std::string> build_session(const SessionFacts& facts, const Options& options);
// The same session as the successor of another one.
text::Outcome<std::string> with_predecessor(const std::string& session, const std::string& hash);
// The session of a namespace, for --create-namespace.
std::string namespace_session(const std::string& name);
// Keys and tags replaced by stars: what -v shows.
std::string masked(std::string session, const SessionFacts& facts);

}  // namespace scone::sconify
