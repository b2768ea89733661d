// scone_manual: writes manual pages and completion scripts of all programs into a folder.
//
//   scone_manual FOLDER     FOLDER/man/man1/scone.1, FOLDER/completions/scone, ...
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "lib/flags/help_text.h"
#include "lib/text/exit_code.h"
#include "manual/pages.h"

namespace {

using namespace scone;
namespace fs = std::filesystem;

bool write(const fs::path& path, const std::string& text) {
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    std::ofstream file(path);
    file << text;
    file.close();
    if (!file)
        std::fprintf(stderr, "scone_manual: cannot write %s\n", path.c_str());
    return !file.fail();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "scone_manual: expected a folder\n");
        return static_cast<int>(text::ExitCode::Usage);
    }
    const fs::path folder = argv[1];
    const flags::Edition edition{SCONE_VERSION_TEXT, SCONE_RELEASE_DATE};
    for (const flags::Manual& manual : packaging::manual_pages()) {
        const std::string name(manual.command.name), section = std::to_string(manual.section);
        if (!write(folder / "man" / ("man" + section) / (name + "." + section),
                   flags::manual_page(manual, edition)) ||
            !write(folder / "completions" / name, flags::bash_completion(manual.command)))
            return static_cast<int>(text::ExitCode::Failed);
    }
    return 0;
}
