// The stack that a program finds at its start: arguments, environment, auxiliary vector.
//
// Side:   trusted
// Source: System V ABI, AMD64 supplement, 3.4.1; getauxval(3)
#pragma once

#include "runtime/trusted/libos/loader/program.h"

namespace scone::libos {

struct StartImage {
    uint64_t entry;              // the program's own
    uint64_t first_instruction;  // the interpreter's, or the program's
    uint64_t table;              // program headers in memory
    uint64_t table_count;
    uint64_t interpreter_base;
};

// Maps the stack and fills it; the frame starts with all other registers zero.
Result<void> make_initial_stack(Process& process, Program& program, const StartImage& image,
                                const StringList& arguments, const StringList& environment,
                                enclave::Registers& frame);

// Size of the main stack: from the settings.
void set_stack_size(uint64_t size);

}  // namespace scone::libos
