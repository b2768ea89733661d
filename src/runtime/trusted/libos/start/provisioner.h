// What the core asks of the hosted layer at an attested start, and how the answer comes back: plain
// pointers only, since the two sides share no C++ library.
//
// Side:    both layers of the enclave
// Threads: during run_hosted()
// The functions of the core run on the hosted layer's stack; they use general registers only.
#pragma once

#include <cstdint>

namespace scone::libos {

struct HostStream {
    int32_t host_fd;
};

struct ProvisionCall {
    // In.
    const char* config_id;
    const char* access_token;  // may be empty
    const char* cas_key_hash;  // Base58Check; empty: any CAS is accepted
    const char* cas_name;      // for SNI
    HostStream* las;
    HostStream* cas;
    int64_t time;  // seconds since 1970, the host's
    int64_t (*read)(void* stream, uint8_t* buffer, uint64_t size);
    int64_t (*write)(void* stream, const uint8_t* data, uint64_t size);
    bool (*report)(const uint8_t* target_info, const uint8_t* report_data, uint8_t* report);
    bool (*random)(uint8_t* out, uint64_t size);
    void (*debug_line)(const char* text);
    // The N-th argument and the named variable of the host, for @@N and @@NAME; null when absent.
    const char* (*host_argument)(void* context, uint64_t index);
    const char* (*host_variable)(void* context, const char* name);
    // Out, called in order; each hands back false when there is no memory.
    void* context;
    bool (*argument)(void* context, const char* text, uint64_t size);
    bool (*variable)(void* context, const char* text, uint64_t size);  // NAME=VALUE
    bool (*working_directory)(void* context, const char* text);
    bool (*root)(void* context, const char* fspf_path, const uint8_t* key, const uint8_t* tag);
    bool (*file)(void* context, const char* path, const char* content, uint64_t size,
                 uint32_t mode);
    // A file of the service's own tree that is to be filled by scone_fill_template.
    bool (*file_template)(void* context, const char* path, uint32_t mode);
    bool (*setting)(void* context, const char* name, const char* value);
    void (*failure)(void* context, const char* chain);  // lines "  Caused by: ..."
    bool done;
};

}  // namespace scone::libos

namespace scone::libos {

// Puts the secrets that CAS sent into the content of a template.
struct TemplateCall {
    const char* path;
    const char* content;
    uint64_t size;
    void* context;
    bool (*result)(void* context, const char* content, uint64_t size);
    void (*failure)(void* context, const char* chain);
    bool done;
};

// Tells CAS that the service ends.
struct ExitCall {
    uint64_t status, signal;
    void* context;
    void (*failure)(void* context, const char* chain);
    bool done;
};

}  // namespace scone::libos

// Implemented in the hosted layer. After scone_provision has succeeded the connection to CAS stays
// open: the streams and functions of its ProvisionCall must stay usable, but for its context.
extern "C" {
void scone_provision(void* provision_call);
void scone_fill_template(void* template_call);
void scone_forget_secrets(void*);  // after the last template
void scone_report_exit(void* exit_call);
}
