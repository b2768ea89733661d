// The start that scone-run and the starter share: image and settings in, running enclave out.
//
// Side:   host
// Errors: a Failure is printed as one FATAL line; the status is 134 as for SCONE's abort
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/sgx/settings_page.h"
#include "lib/text/failure.h"
#include "runtime/host/launcher/mapped_file.h"
#include "runtime/host/launcher/options.h"

namespace scone::launcher {

struct Start {
    MappedFile* image = nullptr;
    base::Bytes settings;  // encoded pages
    base::Bytes plans;
    std::string program_path;
    std::vector<std::string> arguments;
    std::string libc_line;  // for SCONE_VERSION
    // The SIGSTRUCT for this MRENCLAVE.
    std::function<text::Outcome<std::vector<uint8_t>>(const sgx::Measurement256&)> sigstruct;
};

// SCONE_HASH: prints the measurement and returns 0. Else loads, announces the mode and enters the
// enclave, which ends the process. Returns a Failure when it does not come to that.
text::Outcome<int> start_enclave(const Options& options, const Start& start);

// Prints the line of a fatal start error; returns the exit status.
int report_fatal(const text::Failure& failure,
                 const std::source_location& where = std::source_location::current());

// The folder of this program's own file.
std::string own_folder();
// enclave.img relative to this program, or in /usr/lib/scone or /opt/scone.
text::Outcome<std::string> find_image();

}  // namespace scone::launcher
