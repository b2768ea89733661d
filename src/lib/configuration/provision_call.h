// What the enclave's core and its hosted layer hand each other for attestation. Plain data and
// function pointers of the core; the hosted layer never sees a descriptor or an address of the
// host.
//
// Side:    both. The core fills a call and runs one of the extern "C" functions below in the hosted
//          layer (libos/hosted, run_hosted); runtime/trusted/provisioning implements them.
// Threads: one call at a time; the stream, report and log functions are called during the call, on
//          the hosted layer's stack
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "lib/base/bytes.h"

namespace scone::configuration {

// A connected stream. The count of bytes; 0 at its end; a negative Linux errno.
struct StreamTable {
    void* context = nullptr;
    int64_t (*read)(void* context, uint8_t* out, size_t size) = nullptr;
    int64_t (*write)(void* context, const uint8_t* data, size_t size) = nullptr;
};

struct ProvisionCall {
    // In.
    std::string_view config_id;      // [NAMESPACE/]SESSION/SERVICE[@OTP]
    std::string_view access_token;   // SCONE_SERVICE_ACCESS_TOKEN, or empty
    std::string_view runtime;        // name and version
    base::Bytes cas_key_hash;        // 32 bytes: the pinned CAS
    std::string_view cas_roots_pem;  // or root certificates; exactly one of the two
    int64_t time = 0;                // seconds since 1970, the host's
    StreamTable las;
    StreamTable cas;
    void* report_context = nullptr;
    bool (*make_report)(void* context, const uint8_t* target_info /* 512 */,
                        const uint8_t* report_data /* 64 */, uint8_t* report /* 432 */) = nullptr;
    void (*log)(void* context, const char* text) = nullptr;  // level DEBUG; may be null
    void* log_context = nullptr;

    // Out. The bytes stay until scone_provision_release().
    bool succeeded = false;
    base::Bytes configuration;     // payload of the Configuration message, checked
    std::string_view error_lines;  // "  Caused by: ...\n" lines when it failed
};

struct TagCall {
    std::string_view volume;  // empty: the root tree
    base::ByteArray<16> old_tag{};
    base::ByteArray<16> new_tag{};
    bool succeeded = false;
    std::string_view error_lines;
};

struct ExitCall {
    uint64_t status = 0;
    uint64_t signal = 0;
    bool succeeded = false;
    std::string_view error_lines;
};

}  // namespace scone::configuration

// The argument is the call's address.
extern "C" {
void scone_provision(void* provision_call);
// Wipes and frees what the last scone_provision handed out; the connection to CAS stays.
void scone_provision_release(void* unused);
// After a successful scone_provision. A lost connection is an error: nobody reconnects by itself.
void scone_provision_update_tag(void* tag_call);
void scone_provision_report_exit(void* exit_call);
}
