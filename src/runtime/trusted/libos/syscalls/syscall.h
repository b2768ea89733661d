// A system call: its arguments, its handler, and its row in the table.
//
// Side:   trusted
// A handler reads like a specification: decode, check, call the subsystem.
#pragma once

#include <cstdint>

#include "runtime/trusted/libos/errno.h"
#include "runtime/trusted/libos/task/process.h"

namespace scone::libos {

struct Call {
    Thread& thread;
    enclave::Registers& frame;
    uint64_t arg[6];

    int fd(unsigned index) const { return static_cast<int>(arg[index]); }
    uint32_t u32(unsigned index) const { return static_cast<uint32_t>(arg[index]); }
    Process& process() const { return *thread.process; }
    Result<Ref<File>> file(unsigned index) const { return process().files->get(fd(index)); }
};

using Handler = SyscallResult (*)(Call&);

enum class Support : uint8_t { Full, Partial };

struct SyscallRow {
    uint16_t number;
    const char* name;
    Handler handler;
    Support support;
    const char* note;  // what is missing, for docs/reference/system-calls.md
};

}  // namespace scone::libos
