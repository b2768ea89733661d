// The files whose digest the settings pages hold, and how the files at their paths are held to it:
// the digest covers those of each page, which come with the start, and what is read is held to
// these, page by page and each time. So the bytes that were checked are the bytes that are used,
// whatever the host does in between, and a page that nobody reads costs nothing.
//
// Side:    trusted
// Errors:  a file that is not the measured one, or that changes later, ends the process (134)
// Threads: thread-safe
// Source:  docs/formats/settings-page.md; docs/formats/output-image.md, section 4
#pragma once

#include "lib/sgx/settings_page.h"
#include "runtime/trusted/libos/vfs/file.h"

namespace scone::libos::measured_files {

// Preconditions: called once, before any file of the program is opened; the page's bytes stay.
void initialise(const sgx::SettingsPage& page);

// The digests of the pages of a file of `size` bytes: taken if the measured digest is theirs.
// Preconditions: before any file of the program is opened; `pages` stays.
void know_pages(const aead::Digest& digest, uint64_t size, base::Bytes pages);

// The file itself; or, when it was opened for reading at a measured path and does not lie in the
// program's memory, a file of Origin::Measured with the same content.
Result<Ref<File>> hold(std::string_view path, Ref<File> file);

}  // namespace scone::libos::measured_files
