// /proc/sys: settings of the kernel that programs look at. They are fixed and cannot be changed.
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/enclave/leaf_unsafe.h"
#include "runtime/trusted/libos/fs/proc_row.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

void write_uuid(TextBuilder& text, const uint8_t (&bytes)[16]) {
    for (unsigned i = 0; i < sizeof bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text.append("-");
        text.append_number(bytes[i], 16, 2);
    }
    text.append("\n");
}
void mark_random(uint8_t (&bytes)[16]) {
    bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0f) | 0x40);  // version 4
    bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3f) | 0x80);
}

void uuid(TextBuilder& text, const ProcSubject&) {
    uint8_t bytes[16];
    enclave::fill_random(bytes, sizeof bytes);
    mark_random(bytes);
    write_uuid(text, bytes);
}

// The same for a process and its children; another one at the next start.
enclave::SpinLock boot_lock;
uint8_t boot_bytes[16];
void boot_id(TextBuilder& text, const ProcSubject&) {
    uint8_t bytes[16];
    {
        enclave::Guard guard(boot_lock);
        if (boot_bytes[6] == 0) {
            enclave::fill_random(boot_bytes, sizeof boot_bytes);
            mark_random(boot_bytes);
        }
        __builtin_memcpy(bytes, boot_bytes, sizeof bytes);
    }
    write_uuid(text, bytes);
}

// HOST: the name is the host's, as uname's.
void host_name(TextBuilder& text, const ProcSubject&) {
    char names[6][65] = {};
    if (enclave::host_structure_call(__NR_uname, 0, names, 0, sizeof names, 0) < 0)
        return;
    names[1][64] = 0;
    text.append(std::string_view(names[1])).append("\n");
}

template <uint64_t V>
void constant(TextBuilder& text, const ProcSubject&) {
    text.append_number(V).append("\n");
}

constexpr ProcRow kRows[] = {
    {"/proc/sys/kernel/osrelease",
     [](TextBuilder& t, const ProcSubject&) { t.append("6.1.0-scone\n"); }},
    {"/proc/sys/kernel/ostype", [](TextBuilder& t, const ProcSubject&) { t.append("Linux\n"); }},
    {"/proc/sys/kernel/version", [](TextBuilder& t, const ProcSubject&) { t.append("#1 SMP\n"); }},
    {"/proc/sys/kernel/hostname", host_name},
    {"/proc/sys/kernel/domainname",
     [](TextBuilder& t, const ProcSubject&) { t.append("(none)\n"); }},
    {"/proc/sys/kernel/pid_max", constant<4194304>},
    {"/proc/sys/kernel/threads-max", constant<1900>},
    {"/proc/sys/kernel/ngroups_max", constant<65536>},
    {"/proc/sys/kernel/cap_last_cap", constant<40>},
    {"/proc/sys/kernel/core_pattern",
     [](TextBuilder& t, const ProcSubject&) { t.append("core\n"); }},
    {"/proc/sys/kernel/randomize_va_space", constant<2>},
    {"/proc/sys/kernel/sem",
     [](TextBuilder& t, const ProcSubject&) { t.append("32000\t1024000000\t500\t32000\n"); }},
    {"/proc/sys/kernel/shmmax", constant<18446744073692774399ull>},
    {"/proc/sys/kernel/shmall", constant<18446744073692774399ull>},
    {"/proc/sys/kernel/shmmni", constant<4096>},
    {"/proc/sys/kernel/msgmax", constant<8192>},
    {"/proc/sys/kernel/random/entropy_avail", constant<256>},
    {"/proc/sys/kernel/random/poolsize", constant<256>},
    {"/proc/sys/kernel/random/uuid", uuid},
    {"/proc/sys/kernel/random/boot_id", boot_id},
    {"/proc/sys/net/core/somaxconn", constant<4096>},
    {"/proc/sys/net/core/rmem_max", constant<212992>},
    {"/proc/sys/net/core/wmem_max", constant<212992>},
    {"/proc/sys/net/ipv4/ip_local_port_range",
     [](TextBuilder& t, const ProcSubject&) { t.append("32768\t60999\n"); }},
    {"/proc/sys/net/ipv4/tcp_max_syn_backlog", constant<4096>},
    {"/proc/sys/vm/overcommit_memory", constant<0>},
    {"/proc/sys/vm/overcommit_ratio", constant<50>},
    {"/proc/sys/vm/swappiness", constant<0>},
    {"/proc/sys/vm/max_map_count", constant<65530>},
    {"/proc/sys/vm/mmap_min_addr", constant<65536>},
    {"/proc/sys/vm/nr_hugepages", constant<0>},
    {"/proc/sys/fs/file-max", constant<1048576>},
    {"/proc/sys/fs/nr_open", constant<1048576>},
    {"/proc/sys/fs/pipe-max-size", constant<1048576>},
    {"/proc/sys/fs/aio-max-nr", constant<65536>},
};

}  // namespace

std::span<const ProcRow> setting_rows() {
    return kRows;
}

}  // namespace scone::libos
