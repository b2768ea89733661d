// The end of a process.
//
// Side: trusted
#pragma once

namespace scone::libos {

// exit_group: the status as waitpid shows it is made from the low 8 bits.
[[noreturn]] void end_process(int status);
// The default action of a signal: the parent sees that signal as the cause.
[[noreturn]] void end_process_by_signal(int number);

}  // namespace scone::libos
