// The last words of the host part, from places where no C library may be used.
//
// Side:  host
// Shape: [SCONE|FATAL] file:line:function(): text, then status 134
#pragma once

#include <cstdint>

namespace scone::machine {

// Up to three numbers are appended to the text in hexadecimal. Ends the process.
[[noreturn]] void fatal(const char* place, const char* text, uint64_t a = 0, uint64_t b = 0,
                        uint64_t c = 0);

}  // namespace scone::machine

#define SCONE_STRING_OF_(x) #x
#define SCONE_STRING_OF(x) SCONE_STRING_OF_(x)
#define SCONE_HOST_FATAL(...) \
    scone::machine::fatal(__FILE_NAME__ ":" SCONE_STRING_OF(__LINE__) ":", __VA_ARGS__)
