// /proc and /sys of the machine: what an enclave may say of it. Memory is the enclave's.
#include "runtime/trusted/enclave/host_calls/file_calls.h"
#include "runtime/trusted/enclave/host_calls/system_call_numbers.h"
#include "runtime/trusted/libos/fs/proc_row.h"
#include "runtime/trusted/libos/mm/pages.h"
#include "runtime/trusted/libos/time/clock.h"

namespace scone::libos {

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

namespace {

using namespace linux_abi;

void meminfo(TextBuilder& text, const ProcSubject&) {
    auto kib = [&](std::string_view name, uint64_t bytes) {
        text.append(name).append(":        ").append_number(bytes / 1024).append(" kB\n");
    };
    kib("MemTotal", pages::limit());
    kib("MemFree", pages::limit() - pages::committed_size());
    kib("MemAvailable", pages::limit() - pages::committed_size());
    for (std::string_view name :
         {"Buffers", "Cached", "SwapCached", "Active", "Inactive", "Unevictable", "Mlocked",
          "SwapTotal", "SwapFree", "Dirty", "Writeback", "AnonPages", "Mapped", "Shmem", "Slab",
          "SReclaimable", "SUnreclaim", "KernelStack", "PageTables"})
        kib(name, 0);
    kib("CommitLimit", pages::limit());
    kib("Committed_AS", pages::committed_size());
    text.append(
        "HugePages_Total:       0\nHugePages_Free:        0\nHugepagesize:       2048 kB\n");
}

void cpuinfo(TextBuilder& text, const ProcSubject&) {
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

void processor_stat(TextBuilder& text, const ProcSubject&) {
    uint64_t ticks = monotonic_ns() / 10'000'000;
    text.append("cpu  0 0 0 ").append_number(ticks).append(" 0 0 0 0 0 0\n");
    for (unsigned i = 0; i < processor_count(); i++) {
        text.append("cpu").append_number(i).append(" 0 0 0 ").append_number(ticks);
        text.append(" 0 0 0 0 0 0\n");
    }
    text.append("ctxt 0\nbtime ").append_number((realtime_ns() - monotonic_ns()) / 1'000'000'000);
    text.append("\nprocesses 1\nprocs_running 1\nprocs_blocked 0\n");
}

void cpu_list(TextBuilder& text, const ProcSubject&) {
    unsigned count = processor_count();
    text.append("0");
    if (count > 1)
        text.append("-").append_number(count - 1);
    text.append("\n");
}

void load(TextBuilder& text, const ProcSubject& subject) {
    uint64_t tasks = subject.process.threads.size();
    text.append("0.00 0.00 0.00 1/").append_number(tasks).append(" ");
    text.append_number(static_cast<uint64_t>(subject.process.pid)).append("\n");
}

void uptime(TextBuilder& text, const ProcSubject&) {
    uint64_t hundredths = monotonic_ns() / 10'000'000;
    text.append_number(hundredths / 100).append(".").append_number(hundredths % 100, 10, 2);
    text.append(" 0.00\n");
}

template <unsigned V>
void constant(TextBuilder& text, const ProcSubject&) {
    text.append_number(V).append("\n");
}

constexpr ProcRow kRows[] = {
    {"/proc/meminfo", meminfo},
    {"/proc/cpuinfo", cpuinfo},
    {"/proc/stat", processor_stat},
    {"/proc/uptime", uptime},
    {"/proc/loadavg", load},
    {"/proc/version",
     [](TextBuilder& t, const ProcSubject&) {
         t.append("Linux version 6.1.0-scone (scone@enclave) #1 SMP\n");
     }},
    {"/proc/filesystems",
     [](TextBuilder& t, const ProcSubject&) {
         t.append("nodev\tproc\nnodev\tsysfs\nnodev\ttmpfs\n");
     }},
    {"/sys/devices/system/cpu/online", cpu_list},
    {"/sys/devices/system/cpu/possible", cpu_list},
    {"/sys/devices/system/cpu/present", cpu_list},
    {"/sys/devices/system/cpu/cpu#/topology/core_id",
     [](TextBuilder& t, const ProcSubject& s) { t.append_number(s.number).append("\n"); }},
    {"/sys/devices/system/cpu/cpu#/topology/physical_package_id", constant<0>},
    {"/sys/devices/system/cpu/cpu#/online", constant<1>},
    {"/sys/kernel/mm/transparent_hugepage/enabled",
     [](TextBuilder& t, const ProcSubject&) { t.append("always madvise [never]\n"); }},
    {"/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", constant<2097152>},
    // What a container's runtime reads for its limits: the enclave's heap, and no share of the
    // processors.
    {"/sys/fs/cgroup/cgroup.controllers",
     [](TextBuilder& t, const ProcSubject&) { t.append("cpu memory pids\n"); }},
    {"/sys/fs/cgroup/memory.max",
     [](TextBuilder& t, const ProcSubject&) { t.append_number(pages::limit()).append("\n"); }},
    {"/sys/fs/cgroup/memory.current",
     [](TextBuilder& t, const ProcSubject&) {
         t.append_number(pages::committed_size()).append("\n");
     }},
    {"/sys/fs/cgroup/memory.swap.max", constant<0>},
    {"/sys/fs/cgroup/cpu.max",
     [](TextBuilder& t, const ProcSubject&) { t.append("max 100000\n"); }},
    {"/sys/fs/cgroup/pids.max", [](TextBuilder& t, const ProcSubject&) { t.append("max\n"); }},
};

}  // namespace

std::span<const ProcRow> machine_rows() {
    return kRows;
}

}  // namespace scone::libos
