// The program to run: found in PATH, scripts resolved, and everything that its start loads.
//
// Side:   host
// Errors: NotFound (no such program), Unsupported (not executable by Linux here)
// Limits: 4 interpreters in a row, as Linux; 512 libraries
// Source: execve(2) "Interpreter scripts", ld.so(8)
#pragma once

#include <string>
#include <vector>

#include "lib/sgx/settings_page.h"
#include "lib/text/failure.h"
#include "lib/x86_plans/plan_builder.h"

namespace scone::launcher {

struct Program {
    std::string path;                    // of the ELF file, absolute, in normal form
    std::vector<std::string> arguments;  // argv, with the interpreter's in front for a script
};

// Preconditions: `command` is not empty. A name without slash is looked for in PATH.
text::Outcome<Program> find_program(const std::vector<std::string>& command);

struct ClosureFile {
    sgx::FileRole role;
    std::string path;
    x86_plans::FilePlan plan;
};

// The program, its interpreter and its DT_NEEDED libraries in the order in which they are found.
// A library that is not there is left out: the program's own loader will say so.
text::Outcome<std::vector<ClosureFile>> program_closure(const std::string& program);

// Absolute and without ".", ".." and double slashes; links stay.
std::string normal_path(const std::string& path);

}  // namespace scone::launcher
