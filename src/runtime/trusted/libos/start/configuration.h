// Where a program's arguments, environment and files come from: CAS for an attested start, the host
// otherwise.
//
// Side:    trusted
// Errors:  an attested start that fails ends the process with SCONE's message and status 134
#pragma once

#include "lib/sgx/settings_page.h"
#include "runtime/trusted/libos/loader/program.h"
#include "runtime/trusted/libos/net/peer_rule.h"
#include "runtime/trusted/libos/start/launch.h"

namespace scone::libos {

struct InjectedContent {
    Path path;
    Vector<char> content;
    uint32_t mode = 0;
};

// Its content is the file's at that path, with secrets put in.
struct FileTemplate {
    Path path;
    uint32_t mode = 0;
};

struct Configuration {
    bool attested = false;
    bool insecure_shared_memory = false;  // SCONE_SHARED_MEMORY=insecure in the policy
    PeerRules peers;                      // SCONE_PIPE, SCONE_SOCKETPAIR
    StringList arguments, environment;
    Path working_directory;
    bool has_root = false;
    Path fspf_path;
    sgx::Dlopen dlopen = sgx::Dlopen::Refused;  // what the policy permits
    uint8_t fspf_key[32] = {}, fspf_tag[16] = {};
    Vector<InjectedContent*> files;
    Vector<FileTemplate*> templates;
    ~Configuration();
};

// SCONE_CONFIG_ID in the host's environment asks for an attested start. Nothing of the host's
// arguments and environment is in the result then.
void configure(const Launch& launch, Configuration& out);

// Reads each template from the trees that are mounted, fills it, and adds it to the files.
void fill_templates(Configuration& out);

}  // namespace scone::libos
