// The folders that the configuration of an image's dynamic loader names, in its order.
//
// Side:    host
// Limits:  64 KiB for a file, 1024 includes, 256 folders
// Errors:  InvalidInput (above a limit)
// Note:    an include may have "*" and "?" in its last component; a file counts where it is
//          included first. Lines that are longer than a path can be are left out.
// Source:  ldconfig(8), /etc/ld.so.conf; musl's ldso/dynlink.c, /etc/ld-musl-x86_64.path
#pragma once

#include <string>
#include <vector>

#include "lib/elf/dependencies.h"
#include "tools/sconify/native_image.h"

namespace scone::sconify {

struct LoaderFolders {
    std::vector<std::string> configured;
    std::vector<std::string> own;  // the loader's, searched last
};
text::Outcome<LoaderFolders> read_loader_folders(const NativeImage& image, elf::LibC libc);

// The part of a list up to the separator, which is taken off with it.
std::string_view next_part(std::string_view& list, char separator);

}  // namespace scone::sconify
