// The command line of sconify_image: its table of flags, and what they say once checked.
//
// Side:   host
// Errors: Usage (missing, malformed, contradicting), Unsupported (options of later releases)
// Source: docs/how-to/convert-an-image.md
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/flags/parse_flags.h"
#include "tools/cli/error_report.h"
#include "tools/oci/image_name.h"

namespace scone::sconify {

const flags::Command& command_table();

enum class Base { Minimal, Native, Image };
enum class LogStyle { Quiet, Progress, Verbose };

// What the disable options take away; each is done by default.
struct Defaults {
    bool copy_shared_objects = true;
    bool copy_service_libraries = true;
    bool copy_environment = true;
    bool binary_symlink = true;
    bool library_path = true;
    bool upload_session = true;
    bool attest_cas = true;
    bool attest_service = true;
    bool update_session = true;
};

struct Options {
    oci::ImageName from, to;
    std::string binary;  // as given: a path, or a name to be found by PATH
    Base base = Base::Minimal;
    std::optional<oci::ImageName> base_image;

    std::vector<std::string> encrypted_folders;  // absolute, normal form, with the leading '/'
    std::vector<std::string> plain_folders, plain_files, host_paths;

    std::string name_space, session, service;
    bool create_namespace = false;
    std::optional<std::string> cas;
    std::string las;
    bool allow_debug_cas = false;
    bool tolerate_debug_mode = false;
    bool tolerate_tcb_problems = false;
    std::optional<std::string> identity_file, template_file, session_file;
    std::optional<std::string> command;
    std::vector<std::pair<std::string, std::string>> environment;

    uint64_t heap_size = 0, stack_size = 0;
    uint32_t dlopen = 1;
    bool fork = false, mprotect = true;
    std::optional<std::string> log_level;

    Defaults defaults;
    bool dry_run = false, verify = false, verbose = false, trace = false;
    text::Colour colour = text::Colour::Never;
    std::optional<std::string> key_seed;

    // "NAMESPACE/SESSION"
    std::string session_name() const { return name_space + "/" + session; }
    std::string config_id() const { return session_name() + "/" + service; }
};

text::Outcome<Options> read_options(const flags::ParsedCommand& parsed);

}  // namespace scone::sconify
