#include "runtime/host/machine/simulated/fatal_unsafe.h"

#include <initializer_list>

#include "runtime/host/machine/simulated/raw_syscall_unsafe.h"

namespace scone::machine {
namespace {

constexpr uint64_t kWrite = 1, kExitGroup = 231;
constexpr uint64_t kFatalStatus = 134;

struct Line {
    char text[512];
    uint64_t size = 0;

    void add(const char* string) {
        while (*string != 0 && size < sizeof text - 1)
            text[size++] = *string++;
    }
    void add_hex(uint64_t value) {
        add(" 0x");
        int shift = 60;
        while (shift > 0 && (value >> shift & 15) == 0)
            shift -= 4;
        for (; shift >= 0; shift -= 4)
            if (size < sizeof text - 1)
                text[size++] = "0123456789abcdef"[value >> shift & 15];
    }
};

}  // namespace

void fatal(const char* place, const char* text, uint64_t a, uint64_t b, uint64_t c) {
    Line line;
    line.add("[SCONE|FATAL] ");
    line.add(place);
    line.add("machine(): ");
    line.add(text);
    for (uint64_t value : {a, b, c})
        if (value != 0)
            line.add_hex(value);
    line.text[line.size++] = '\n';
    raw_syscall(kWrite, 2, address_of(line.text), line.size);
    for (;;)
        raw_syscall(kExitGroup, kFatalStatus);
}

}  // namespace scone::machine
