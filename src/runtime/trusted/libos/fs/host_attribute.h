// Extended attributes of host files: passed on, their names and values are the host's.
//
// Side: trusted
#pragma once

#include <string_view>

#include "runtime/trusted/libos/vfs/file_system.h"

namespace scone::libos {

Result<uint64_t> host_attribute(std::string_view host_path, Follow follow,
                                ExtendedAttribute& request);
Result<uint64_t> host_attribute(int host_fd, ExtendedAttribute& request);

}  // namespace scone::libos
