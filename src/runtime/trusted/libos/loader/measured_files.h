// The files whose SHA-256 the settings pages hold, and how the files at their paths are held to it:
// the first use reads the file whole and compares the digest; from then on nothing but those bytes
// comes out of it. Of a file of the host every page that is read again must be the one that was
// hashed. So the bytes that were checked are the bytes that are used, whatever the host does in
// between.
//
// Side:    trusted
// Errors:  a file that is not the measured one, or that changes later, ends the process (134)
// Threads: thread-safe. Lock order: AddressSpace::mutex, the lock of a table entry, a File's
// Memory:  the content of the file that was verified last, up to 32 MiB, until the program opens
// one
//          that is not measured; 16 bytes for each 4 KiB of a file of the host
// Source:  docs/formats/settings-page.md
#pragma once

#include "lib/sgx/settings_page.h"
#include "runtime/trusted/libos/vfs/file.h"

namespace scone::libos::measured_files {

// Preconditions: called once, before any file of the program is opened; the page's bytes stay.
void initialise(const sgx::SettingsPage& page);

// The file itself; or, when it was opened for reading at a measured path and does not lie in the
// program's memory, a file of Origin::Measured with the same content.
Result<Ref<File>> hold(std::string_view path, Ref<File> file);

}  // namespace scone::libos::measured_files
