// Connections of the runtime itself, to LAS and CAS: TCP of the host.
//
// Side:    trusted
// Errors:  a Linux errno; names are resolved by the host
// HOST:    everything that passes may be read and changed outside; the channel above knows
#pragma once

#include <string_view>

#include "runtime/trusted/libos/errno.h"
#include "runtime/trusted/libos/start/provisioner.h"

namespace scone::libos {

// `address` is HOST, HOST:PORT or [IPV6]:PORT.
Result<HostStream> connect_to(std::string_view address, uint16_t default_port);
// For each later read and write.
void set_stream_timeout(HostStream stream, uint64_t seconds);
void close_stream(HostStream stream);
int64_t read_stream(void* stream, uint8_t* buffer, uint64_t size);
int64_t write_stream(void* stream, const uint8_t* data, uint64_t size);

}  // namespace scone::libos
