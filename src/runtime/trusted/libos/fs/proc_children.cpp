// /proc/PID of the children: what their parent can say of them. Their memory, names and descriptors
// are in enclaves of their own; the name is the one they were forked with.
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/libos/fs/proc_row.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

constexpr unsigned kFieldCount = 53;  // proc_pid_stat(5); the first is number 1
constexpr unsigned kParent = 4, kThreads = 20, kStartTime = 22, kVirtualSize = 23, kResident = 24;

struct HostState {
    char state = 'Z';
    int64_t fields[kFieldCount] = {};
};

bool is_state(char c) {
    for (char known : std::string_view("RSDTtZXI"))
        if (c == known)
            return true;
    return false;
}

// HOST: state, group, times and sizes are its word: one letter of a list, then numbers.
HostState ask_host(uint64_t pid) {
    HostState result;
    FixedText<40> path;
    path.append("/proc/").append_number(pid).append("/stat");
    int64_t fd = enclave::host_open(path.view(), kO_RDONLY | kO_CLOEXEC, 0);
    if (fd < 0)
        return result;
    constexpr uint64_t kSize = 1024;
    alignas(8) char text[kSize] = {};
    int64_t size = enclave::host_structure_call(__NR_read, 1, text, 0, kSize,
                                                static_cast<uint64_t>(fd), 0, kSize);
    enclave::host_close(static_cast<int>(fd));
    // "PID (NAME) STATE ...": the name may hold anything, the last parenthesis ends it.
    int64_t at = size < static_cast<int64_t>(kSize) ? size - 3 : 0;
    while (at > 0 && text[at] != ')')
        at--;
    if (at <= 0 || !is_state(text[at + 2]))
        return result;
    result.state = text[at + 2];
    at += 4;
    for (unsigned i = kParent; i < kFieldCount && at < size; i++, at++) {
        bool negative = text[at] == '-';
        uint64_t value = 0;
        for (at += negative ? 1 : 0; at < size && text[at] >= '0' && text[at] <= '9'; at++)
            value = value * 10 + static_cast<uint64_t>(text[at] - '0');
        result.fields[i] = static_cast<int64_t>(negative ? 0 - value : value);
    }
    return result;
}

void append_signed(TextBuilder& text, int64_t value) {
    if (value < 0)
        text.append("-");
    text.append_number(value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value));
}

void stat(TextBuilder& text, const ProcSubject& subject) {
    HostState host = ask_host(subject.number);
    text.append_number(subject.number).append(" (").append(subject.process.name.view());
    text.append(") ").append({&host.state, 1});
    for (unsigned i = kParent; i < kFieldCount; i++) {
        // Behind the sizes stand addresses, which are the host part's own.
        bool shown = i <= kStartTime || i == kVirtualSize || i == kResident;
        text.append(" ");
        append_signed(text, i == kParent ? subject.process.pid : shown ? host.fields[i] : 0);
    }
    text.append("\n");
}

std::string_view name_of_state(char state) {
    switch (state) {
        case 'R':
            return "R (running)";
        case 'D':
            return "D (disk sleep)";
        case 'T':
            return "T (stopped)";
        case 't':
            return "t (tracing stop)";
        case 'Z':
            return "Z (zombie)";
        case 'X':
            return "X (dead)";
        default:
            return "S (sleeping)";
    }
}

void status(TextBuilder& text, const ProcSubject& subject) {
    HostState host = ask_host(subject.number);
    auto line = [&](std::string_view name, uint64_t value) {
        text.append(name).append(":\t").append_number(value).append("\n");
    };
    text.append("Name:\t").append(subject.process.name.view()).append("\nState:\t");
    text.append(name_of_state(host.state)).append("\n");
    line("Tgid", subject.number);
    line("Pid", subject.number);
    line("PPid", static_cast<uint64_t>(subject.process.pid));
    line("TracerPid", 0);
    line("Threads", static_cast<uint64_t>(host.fields[kThreads]));
}

constexpr ProcRow kRows[] = {
    {"/proc/#/stat", stat},
    {"/proc/#/status", status},
    {"/proc/#/comm",
     [](TextBuilder& t, const ProcSubject& s) { t.append(s.process.name.view()).append("\n"); }},
};

}  // namespace

std::span<const ProcRow> child_rows() {
    return kRows;
}

}  // namespace scone::libos
