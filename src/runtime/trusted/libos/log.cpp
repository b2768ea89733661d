#include "runtime/trusted/libos/log.h"

#include <atomic>

#include "lib/base/source_names.h"
#include "runtime/trusted/enclave/entry.h"
#include "runtime/trusted/enclave/host_calls/host_call.h"
#include "runtime/trusted/enclave/host_memory_unsafe.h"
#include "runtime/trusted/libos/text.h"

namespace scone::libos {
namespace {

constexpr int kFatalStatus = 134;
std::atomic<int> current_level{static_cast<int>(Level::Warning)};
constexpr std::string_view kNames[] = {"FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"};

char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}
bool same_word(std::string_view a, std::string_view b) {
    if (a.size() != b.size())
        return false;
    for (size_t i = 0; i < a.size(); i++)
        if (upper(a[i]) != b[i])
            return false;
    return true;
}

void write_line(Level level, std::string_view text, const std::source_location& where) {
    FixedText<2048> line;
    line.append("[SCONE|").append(kNames[static_cast<int>(level)]).append("] ");
    line.append(base::plain_file_name(where)).append(":").append_number(where.line());
    line.append(":").append(base::plain_function_name(where)).append("(): ");
    line.append(text).append("\n");
    enclave::copy_to_host(enclave::window_data(), line.view().data(), line.size());
    enclave::host_call(boundary::kHostLog, enclave::Interruptible::No, static_cast<uint64_t>(level),
                       enclave::window_data(), line.size());
}

}  // namespace

void set_log_level(Level level) {
    current_level = static_cast<int>(level);
}
Level log_level() {
    return static_cast<Level>(current_level.load());
}

bool parse_log_level(std::string_view text, Level& out) {
    if (text.size() == 1 && text[0] >= '0' && text[0] <= '9') {
        int number = text[0] - '0';
        out = static_cast<Level>(number > 5 ? 5 : number);
        return true;
    }
    for (int i = 0; i < 6; i++) {
        if (same_word(text, kNames[i])) {
            out = static_cast<Level>(i);
            return true;
        }
    }
    if (same_word(text, "WARNING")) {
        out = Level::Warning;
        return true;
    }
    return false;
}

void log(Level level, std::string_view text, std::source_location where) {
    if (static_cast<int>(level) <= current_level.load(std::memory_order_relaxed))
        write_line(level, text, where);
}

void fatal(std::string_view text, std::source_location where) {
    write_line(Level::Fatal, text, where);
    enclave::host_call(boundary::kHostExitProcess, enclave::Interruptible::No, kFatalStatus);
    __builtin_trap();
}

}  // namespace scone::libos

namespace scone::enclave {

void runtime_exception(uint64_t rip, uint32_t vector, uint64_t address) {
    libos::FixedText<256> text;
    text.append("exception in the runtime: vector ").append_number(vector);
    text.append(", instruction 0x").append_number(rip, 16);
    text.append(", address 0x").append_number(address, 16);
    libos::fatal(text.view());
}

}  // namespace scone::enclave
