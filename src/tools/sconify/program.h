// The program that shall run in the enclave: found, looked at, and compared with the command.
//
// Side:   host
// Errors: NotFound (no such program, a missing library), InvalidInput (not an ELF program, a
// script),
//         Conflict (the command starts another program)
#pragma once

#include <string>
#include <vector>

#include "tools/sconify/library_search.h"
#include "tools/sconify/options.h"

namespace scone::sconify {

enum class Service { None, Python };

struct Program {
    std::string path;  // real, absolute
    ElfFacts facts;
    Closure closure;
    Service service = Service::None;
    std::string service_version;  // "3.11"
};

// "/usr/bin/python3" or "python3", the latter by PATH; nullptr when there is none.
const oci::FileTree::Node* find_program(const NativeImage& image, std::string_view name);

// LD_LIBRARY_PATH of the service: --env's, else the image's, else empty.
std::string library_path_of(const NativeImage& image, const Options& options);

text::Outcome<Program> inspect_program(const NativeImage& image, const Options& options);

// The words that the service starts with: --command, else the image's. Their first must name the
// program.
text::Outcome<std::vector<std::string>> service_command(const NativeImage& image,
                                                        const Program& program,
                                                        const Options& options);

}  // namespace scone::sconify
