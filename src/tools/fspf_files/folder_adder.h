// Adds a folder of the host to a file system that is being built, its files sealed on every core.
//
// Side: host
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tools/fspf_files/fspf_file.h"
#include "tools/fspf_files/loaded_fspf.h"

namespace scone::tools {

class FolderAdder {
  public:
    // `out` is empty where nothing is to be written.
    FolderAdder(fspf::Writer& writer, std::string out) : writer_(writer), out_(std::move(out)) {}

    // Walks `source`, adds directories and links, then seals all files.
    text::Outcome<void> add(const std::string& path, const std::string& source);
    AddedFiles result;

  private:
    struct File {
        std::string path, source, out;
        fspf::Attributes attributes;
        uint64_t size;
    };
    struct HardLink {
        std::string path, existing, out, existing_out;
    };

    // Removes what was added at the path before.
    text::Outcome<void> clear_place(const std::string& path);
    text::Outcome<void> add_one(const std::string& path, const std::string& source,
                                const std::string& out, int depth);
    text::Outcome<void> add_folder(const std::string& path, const std::string& source,
                                   const std::string& out, int depth);
    text::Outcome<void> seal_file(const File& file);
    text::Outcome<void> seal_all();

    fspf::Writer& writer_;
    std::string out_;
    std::vector<File> files_;
    std::vector<HardLink> links_;
    std::map<std::pair<uint64_t, uint64_t>, size_t> first_names_;  // device, inode: place in files_
    std::vector<std::pair<std::string, std::string>> folders_;     // out, source: times come last
};

}  // namespace scone::tools
