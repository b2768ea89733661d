// What may become code: the measured files, and what SCONE_ALLOW_DLOPEN and SCONE_MPROTECT permit
// beyond them.
//
// Side:    trusted
// Errors:  EACCES, after a message that names the setting; a measured file that was changed is
// fatal Threads: thread-safe once the program runs Source:  docs/reference/code-rules.md
#pragma once

#include "lib/sgx/settings_page.h"
#include "runtime/trusted/libos/vfs/file.h"

namespace scone::libos::code_rules {

// Preconditions of these: before the program starts.
void initialise(const sgx::Settings& settings);
// What the policy of an attested service permits; the measured setting is never exceeded.
void restrict_dlopen(sgx::Dlopen policy);
// For a start that has something to protect.
void warn_where_insecure();

// A file whose bytes are to be executed, by exec or an executable mapping.
Result<void> check_file(File& file);
// Memory that becomes executable without being a file's, or code whose rights change.
Result<void> check_change();

}  // namespace scone::libos::code_rules
