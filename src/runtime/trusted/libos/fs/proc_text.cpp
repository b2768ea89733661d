#include "runtime/trusted/libos/fs/proc_text.h"

#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/libos/mm/pages.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/task/fork.h"
#include "runtime/trusted/libos/task/process.h"
#include "runtime/trusted/libos/time/clock.h"

namespace scone::libos {
namespace {

using namespace linux_abi;

unsigned processor_count() {
    uint64_t mask[16] = {};
    int64_t result = enclave::host_structure_call(__NR_sched_getaffinity, 2, mask, 0, sizeof mask,
                                                  0, sizeof mask);
    unsigned count = 0;
    for (uint64_t word : mask)
        for (; word != 0; word &= word - 1)
            count++;
    return result > 0 && count > 0 ? count : 1;
}

void maps(TextBuilder& text) {
    current_process().memory->for_each([&](const Mapping& m) {
        text.append_number(m.start, 16, 8).append("-").append_number(m.end, 16, 8).append(" ");
        text.append(m.prot & kPROT_READ ? "r" : "-").append(m.prot & kPROT_WRITE ? "w" : "-");
        text.append(m.prot & kPROT_EXEC ? "x" : "-");
        text.append((m.flags & kMAP_TYPE) == kMAP_SHARED ? "s " : "p ");
        text.append_number(m.offset, 16, 8).append(" 00:00 0");
        Path name;
        if (m.file)
            m.file->describe(name);
        else if (m.use == Use::Heap)
            name.append("[heap]");
        else if (m.use == Use::Stack)
            name.append("[stack]");
        if (name.size() > 0)
            text.append("                          ").append(name.view());
        text.append("\n");
    });
}

uint64_t virtual_size() {
    uint64_t size = 0;
    current_process().memory->for_each([&](const Mapping& m) { size += m.end - m.start; });
    return size;
}

void program_range(TextBuilder& text, uint64_t start, uint64_t end) {
    char chunk[256];
    while (start < end) {
        uint64_t step = end - start < sizeof chunk ? end - start : sizeof chunk;
        if (!copy_from_program(chunk, start, step))
            return;
        text.append({chunk, step});
        start += step;
    }
}

void status(TextBuilder& text) {
    Process& p = current_process();
    Thread& t = current_thread();
    auto line = [&](std::string_view name, uint64_t value) {
        text.append(name).append(":\t").append_number(value).append("\n");
    };
    auto kib = [&](std::string_view name, uint64_t bytes) {
        text.append(name).append(":\t").append_number(bytes / 1024).append(" kB\n");
    };
    auto ids = [&](std::string_view name, uint32_t r, uint32_t e, uint32_t s) {
        text.append(name).append(":\t").append_number(r).append("\t").append_number(e).append("\t");
        text.append_number(s).append("\t").append_number(e).append("\n");
    };
    auto mask = [&](std::string_view name, uint64_t bits) {
        text.append(name).append(":\t").append_number(bits, 16, 16).append("\n");
    };
    text.append("Name:\t").append(t.name.view()).append("\nUmask:\t");
    text.append_number(p.fs->umask, 8, 4).append("\nState:\tR (running)\n");
    line("Tgid", static_cast<uint64_t>(p.pid));
    line("Ngid", 0);
    line("Pid", static_cast<uint64_t>(p.pid));
    line("PPid", static_cast<uint64_t>(p.parent_pid.load()));
    line("TracerPid", 0);
    ids("Uid", p.credentials.user, p.credentials.effective_user, p.credentials.saved_user);
    ids("Gid", p.credentials.group, p.credentials.effective_group, p.credentials.saved_group);
    text.append("FDSize:\t64\nGroups:\t\n");
    kib("VmPeak", virtual_size());
    kib("VmSize", virtual_size());
    kib("VmHWM", pages::committed_peak());
    kib("VmRSS", pages::committed_size());
    kib("VmData", pages::committed_size());
    kib("VmStk", 8192 * 1024);
    line("Threads", p.threads.size());
    mask("SigPnd", t.pending.set);
    mask("ShdPnd", p.pending.set);
    mask("SigBlk", t.mask);
    uint64_t ignored = 0, caught = 0;
    for (int i = 0; i < kSignalCount; i++) {
        ignored |= static_cast<uint64_t>(p.handlers->actions[i].handler == kSIG_IGN) << i;
        caught |= static_cast<uint64_t>(p.handlers->actions[i].handler > kSIG_IGN) << i;
    }
    mask("SigIgn", ignored);
    mask("SigCgt", caught);
    text.append("Cpus_allowed_list:\t0-").append_number(processor_count() - 1).append("\n");
}

void stat(TextBuilder& text) {
    Process& p = current_process();
    text.append_number(static_cast<uint64_t>(p.pid))
        .append(" (")
        .append(current_thread().name.view());
    text.append(") R ").append_number(static_cast<uint64_t>(p.parent_pid.load())).append(" ");
    text.append_number(static_cast<uint64_t>(p.group)).append(" ");
    text.append_number(static_cast<uint64_t>(p.session))
        .append(" 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 ");
    text.append_number(p.threads.size()).append(" 0 ").append_number(p.start_time_ns / 10'000'000);
    text.append(" ").append_number(virtual_size()).append(" ");
    text.append_number(pages::committed_size() / 4096);
    text.append(" 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
}

void meminfo(TextBuilder& text) {
    auto kib = [&](std::string_view name, uint64_t bytes) {
        text.append(name).append(":        ").append_number(bytes / 1024).append(" kB\n");
    };
    kib("MemTotal", pages::limit());
    kib("MemFree", pages::limit() - pages::committed_size());
    kib("MemAvailable", pages::limit() - pages::committed_size());
    kib("Buffers", 0);
    kib("Cached", 0);
    kib("SwapTotal", 0);
    kib("SwapFree", 0);
    text.append("HugePages_Total:       0\nHugepagesize:       2048 kB\n");
}

void cpuinfo(TextBuilder& text) {
    unsigned count = processor_count();
    for (unsigned i = 0; i < count; i++) {
        text.append("processor\t: ").append_number(i).append("\nvendor_id\t: GenuineIntel\n");
        text.append("cpu family\t: 6\nmodel\t\t: 106\nmodel name\t: enclave processor\n");
        text.append("cpu MHz\t\t: 2000.000\nsiblings\t: ").append_number(count);
        text.append("\ncore id\t\t: ")
            .append_number(i)
            .append("\ncpu cores\t: ")
            .append_number(count);
        text.append(
            "\nflags\t\t: fpu tsc cx8 cmov mmx fxsr sse sse2 ht syscall nx lm pni ssse3 cx16 "
            "sse4_1 sse4_2 popcnt aes xsave avx rdrand avx2 sgx\n\n");
    }
}

void processor_stat(TextBuilder& text) {
    uint64_t ticks = monotonic_ns() / 10'000'000;
    text.append("cpu  0 0 0 ").append_number(ticks).append(" 0 0 0 0 0 0\n");
    for (unsigned i = 0; i < processor_count(); i++) {
        text.append("cpu").append_number(i).append(" 0 0 0 ").append_number(ticks);
        text.append(" 0 0 0 0 0 0\n");
    }
    text.append("ctxt 0\nbtime ").append_number((realtime_ns() - monotonic_ns()) / 1'000'000'000);
    text.append("\nprocesses 1\nprocs_running 1\nprocs_blocked 0\n");
}

void limits(TextBuilder& text) {
    text.append("Limit                     Soft Limit           Hard Limit           Units     \n");
    Limit files = current_process().limits[7];
    text.append("Max open files            ").append_number(files.soft).append("                 ");
    text.append_number(files.hard).append("                 files     \n");
}

void cpu_list(TextBuilder& text) {
    unsigned count = processor_count();
    text.append("0");
    if (count > 1)
        text.append("-").append_number(count - 1);
    text.append("\n");
}

struct Row {
    std::string_view path;
    void (*write)(TextBuilder&);
};
template <unsigned V>
void constant(TextBuilder& text) {
    text.append_number(V).append("\n");
}

constexpr Row kRows[] = {
    {"/proc/self/maps", maps},
    {"/proc/self/status", status},
    {"/proc/self/stat", stat},
    {"/proc/self/statm",
     [](TextBuilder& t) {
         t.append_number(virtual_size() / 4096)
             .append(" ")
             .append_number(pages::committed_size() / 4096);
         t.append(" 0 0 0 0 0\n");
     }},
    {"/proc/self/cmdline",
     [](TextBuilder& t) {
         program_range(t, current_process().arguments_start, current_process().arguments_end);
     }},
    {"/proc/self/environ",
     [](TextBuilder& t) {
         program_range(t, current_process().environment_start, current_process().environment_end);
     }},
    {"/proc/self/comm",
     [](TextBuilder& t) { t.append(current_thread().name.view()).append("\n"); }},
    {"/proc/self/limits", limits},
    {"/proc/self/cgroup", [](TextBuilder& t) { t.append("0::/\n"); }},
    {"/proc/self/mountinfo",
     [](TextBuilder& t) { t.append("1 0 0:1 / / rw - rootfs rootfs rw\n"); }},
    {"/proc/self/mounts", [](TextBuilder& t) { t.append("rootfs / rootfs rw 0 0\n"); }},
    {"/proc/mounts", [](TextBuilder& t) { t.append("rootfs / rootfs rw 0 0\n"); }},
    {"/proc/self/oom_score_adj", constant<0>},
    {"/proc/meminfo", meminfo},
    {"/proc/cpuinfo", cpuinfo},
    {"/proc/stat", processor_stat},
    {"/proc/uptime",
     [](TextBuilder& t) { t.append_number(monotonic_ns() / 1'000'000'000).append(".00 0.00\n"); }},
    {"/proc/loadavg", [](TextBuilder& t) { t.append("0.00 0.00 0.00 1/1 1\n"); }},
    {"/proc/version", [](TextBuilder& t) { t.append("Linux version 6.1.0-scone\n"); }},
    {"/proc/filesystems", [](TextBuilder& t) { t.append("nodev\tproc\nnodev\ttmpfs\n"); }},
    {"/proc/sys/kernel/osrelease", [](TextBuilder& t) { t.append("6.1.0-scone\n"); }},
    {"/proc/sys/kernel/ostype", [](TextBuilder& t) { t.append("Linux\n"); }},
    {"/proc/sys/kernel/pid_max", constant<4194304>},
    {"/proc/sys/kernel/threads-max", constant<1900>},
    {"/proc/sys/kernel/ngroups_max", constant<65536>},
    {"/proc/sys/kernel/cap_last_cap", constant<40>},
    {"/proc/sys/kernel/random/entropy_avail", constant<256>},
    {"/proc/sys/net/core/somaxconn", constant<4096>},
    {"/proc/sys/vm/overcommit_memory", constant<0>},
    {"/proc/sys/vm/max_map_count", constant<65530>},
    {"/proc/sys/vm/mmap_min_addr", constant<65536>},
    {"/proc/sys/fs/file-max", constant<1048576>},
    {"/proc/sys/fs/nr_open", constant<1048576>},
    {"/proc/sys/fs/pipe-max-size", constant<1048576>},
    {"/sys/devices/system/cpu/online", cpu_list},
    {"/sys/devices/system/cpu/possible", cpu_list},
    {"/sys/devices/system/cpu/present", cpu_list},
    {"/sys/kernel/mm/transparent_hugepage/enabled",
     [](TextBuilder& t) { t.append("always madvise [never]\n"); }},
    {"/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", constant<2097152>},
};

}  // namespace

Result<Vector<char>> proc_text(std::string_view path) {
    for (const Row& row : kRows) {
        if (row.path == path) {
            TextBuilder text;
            row.write(text);
            return text.take();
        }
    }
    return error(kENOENT);
}

}  // namespace scone::libos
