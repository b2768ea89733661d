#include "tools/sconify/build_resources.h"

#include <unistd.h>

#include <filesystem>

#include "tools/oci/file_handle.h"

namespace scone::sconify {

std::string session_path(const Options& options) {
    if (options.session_file)
        return *options.session_file;
    std::error_code ignored;
    const bool mounted = std::filesystem::is_directory("/build-resources", ignored) &&
                         ::access("/build-resources", W_OK) == 0;
    return mounted ? "/build-resources/session.yml" : "./build-resources/session.yml";
}

text::Outcome<void> write_session(const std::string& path, const std::string& session) {
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    if (!folder.empty())
        SCONE_TRY(oci::make_directories(folder.string()));
    return oci::replace_file(path, base::as_bytes(session), 0600);
}

}  // namespace scone::sconify
