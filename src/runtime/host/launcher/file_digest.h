// Digests of the files that scone-run measures, remembered by what stat says of them.
//
// Side:   host
// Safety: the enclave holds each page that it reads to these; a stale entry of the cache (a file
//         changed without a change of its times) makes the start fail, it is never unsafe
#pragma once

#include <vector>

#include "lib/aead/page_digests.h"
#include "runtime/host/launcher/mapped_file.h"

namespace scone::launcher {

struct FileDigests {
    aead::Digest content;
    std::vector<aead::Digest> pages;
};

// Of the file at `path`, which `file` is.
FileDigests file_digests(const std::string& path, const MappedFile& file);

}  // namespace scone::launcher
