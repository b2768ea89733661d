// One file or link of /proc or /sys, as a row of a table. Directories follow from the paths.
//
// Side:    trusted
// Paths:   those of the own process stand below "/proc/self", whatever name the program used; a '#'
//          stands for a number: of a descriptor, of a processor
// Threads: writers take the locks of what they show, one after the other
// Source:  proc(5), sysfs(5)
#pragma once

#include <span>

#include "runtime/trusted/libos/fs/text_file.h"
#include "runtime/trusted/libos/task/process.h"

namespace scone::libos {

// What a row is about. The thread is one of the process's: the one that asks, or that the path
// names; only the values below are looked at, since it may end meanwhile.
struct ProcSubject {
    Process& process;
    int32_t tid;
    FixedText<16> thread_name;
    SignalMask mask, pending;
    uint64_t number;  // for the '#'
};

struct ProcRow {
    std::string_view path;
    void (*write)(TextBuilder& text, const ProcSubject& subject) = nullptr;
    // Links: where to. ENOENT when there is none now.
    Result<void> (*target)(const ProcSubject& subject, Path& out) = nullptr;
    // Files that take something.
    Result<void> (*store)(const ProcSubject& subject, std::string_view value) = nullptr;
    uint32_t mode = 0444;
};

std::span<const ProcRow> process_rows();
std::span<const ProcRow> machine_rows();
std::span<const ProcRow> setting_rows();
std::span<const ProcRow> network_rows();
std::span<const ProcRow> child_rows();

// Processors that the host lets this process use.
unsigned processor_count();

}  // namespace scone::libos
