// Finds shared objects in an image where its dynamic loader would find them.
//
// Side:    host
// Order:   DT_RPATH (only without DT_RUNPATH), LD_LIBRARY_PATH, DT_RUNPATH, the loader's
//          configuration, the loader's own folders (loader_configuration.h)
// Threads: pure but for the image it reads
// Source:  ld.so(8); musl's ldso/dynlink.c
#pragma once

#include <string>
#include <vector>

#include "tools/sconify/loader_configuration.h"

namespace scone::sconify {

// What an ELF file asks for, copied out of it.
struct ElfFacts {
    std::string path = {};  // absolute, links resolved
    elf::Kind kind = elf::Kind::SharedLibrary;
    elf::LibC libc = elf::LibC::None;
    std::string interpreter = {}, soname = {}, rpath = {}, runpath = {};
    std::string inherited_rpath = {};  // of what loads it, without $ORIGIN
    std::vector<std::string> needed = {};
};

// Errors: InvalidInput (not an ELF file of this machine, with what it is instead).
text::Outcome<ElfFacts> read_elf(const NativeImage& image, const oci::FileTree::Node& file);
// True when the file begins as every ELF file does.
bool looks_like_elf(const NativeImage& image, const oci::FileTree::Node& file);

class LibrarySearch {
  public:
    // The image must outlive it. Errors: those of read_loader_folders().
    static text::Outcome<LibrarySearch> open(const NativeImage& image, elf::LibC libc,
                                             std::string_view ld_library_path);

    // The path, as the loader would open it but without "..", of a library that `by` needs; empty
    // when there is none. The loader itself under its other names (musl's libc.so) gives "-".
    std::string find(std::string_view name, const ElfFacts& by) const;

  private:
    LibrarySearch(const NativeImage& image, elf::LibC libc, std::string_view ld_library_path)
        : image_(&image), libc_(libc), environment_(ld_library_path) {}
    std::string look_into(std::string_view folder, std::string_view name) const;
    // In the folders of a list with colons; $ORIGIN is the folder of `object`, if that is given.
    std::string look_along(std::string_view list, std::string_view name,
                           const std::string& object) const;

    const NativeImage* image_;
    elf::LibC libc_;
    std::string environment_;
    LoaderFolders folders_;
};

struct Closure {
    std::string interpreter;             // as PT_INTERP says; empty for a static program
    std::vector<std::string> libraries;  // as the loader would open them, in its order
    std::vector<std::string> missing;    // "libx.so.1, needed by /usr/bin/y"
};
// Everything that is loaded with the file before it runs.
text::Outcome<Closure> closure_of(const NativeImage& image, const ElfFacts& file,
                                  const LibrarySearch& search);

}  // namespace scone::sconify
