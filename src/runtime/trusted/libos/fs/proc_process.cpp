// /proc/self: what the kernel says of a process.
#include "runtime/trusted/libos/fs/proc_row.h"
#include "runtime/trusted/libos/mm/pages.h"
#include "runtime/trusted/libos/program_memory.h"
#include "runtime/trusted/libos/time/clock.h"

namespace scone::libos {
namespace {

using namespace linux_abi;
using Subject = ProcSubject;

// A copy, so that files are asked for their names and numbers without the lock.
Vector<Mapping> mappings_of(Process& process) {
    Vector<Mapping> list;
    bool room = true;
    process.memory->for_each([&](const Mapping& m) { room = room && list.push(m); });
    return list;
}

bool is_executable_file(const Process& process, const Mapping& m) {
    Path name;
    if (m.file)
        m.file->describe(name);
    return name.view() == process.executable.view();
}

// One line for each mapping, and what `more` adds to it.
template <class F>
void describe_mappings(TextBuilder& text, const Subject& subject, F&& more) {
    Ref<File> last;
    Stat now{};
    for (const Mapping& m : mappings_of(subject.process)) {
        if (m.file && !(m.file == last)) {
            last = m.file;
            if (!m.file->stat(now))
                now = {};
        }
        const Stat& shown = m.file ? now : Stat{};
        text.append_number(m.start, 16, 8).append("-").append_number(m.end, 16, 8).append(" ");
        text.append(m.prot & kPROT_READ ? "r" : "-").append(m.prot & kPROT_WRITE ? "w" : "-");
        text.append(m.prot & kPROT_EXEC ? "x" : "-");
        text.append((m.flags & kMAP_TYPE) == kMAP_SHARED ? "s " : "p ");
        text.append_number(m.file ? m.offset : 0, 16, 8).append(" ");
        text.append_number(shown.dev >> 8 & 0xfff, 16, 2).append(":");
        text.append_number((shown.dev & 0xff) | (shown.dev >> 12 & 0xfff00), 16, 2).append(" ");
        text.append_number(shown.ino);
        Path name;
        if (m.file)
            m.file->describe(name);
        else if (m.use == Use::Heap)
            name.append("[heap]");
        else if (m.use == Use::Stack)
            name.append("[stack]");
        else if (m.use == Use::Vdso)
            name.append("[vdso]");
        if (name.size() > 0)
            text.append("                          ").append(name.view());
        text.append("\n");
        more(m);
    }
}

void maps(TextBuilder& text, const Subject& subject) {
    describe_mappings(text, subject, [](const Mapping&) {});
}

// Pages of the enclave that are there; of memory outside the host alone knows, it counts as there.
uint64_t resident_size(const Mapping& m) {
    if (m.is_outside())
        return m.size();
    uint64_t size = 0;
    for (uint64_t at = pages::next_committed(m.start, m.end); at < m.end;) {
        uint64_t stop = pages::next_missing(at, m.end);
        size += stop - at;
        at = pages::next_committed(stop, m.end);
    }
    return size;
}

void memory_details(TextBuilder& text, const Subject& subject) {
    describe_mappings(text, subject, [&](const Mapping& m) {
        uint64_t resident = resident_size(m), none = 0;
        bool dirty = m.prot & kPROT_WRITE, outside = m.is_outside();
        auto line = [&](std::string_view name, uint64_t size) {
            text.append(name).append(":");
            for (size_t column = name.size() + 1; column < 16; column++)
                text.append(" ");
            text.append_number(size / 1024).append(" kB\n");
        };
        line("Size", m.size());
        line("KernelPageSize", 4096);
        line("MMUPageSize", 4096);
        line("Rss", resident);
        line("Pss", resident);
        line("Shared_Clean", none);
        line("Shared_Dirty", outside ? resident : none);
        line("Private_Clean", dirty || outside ? none : resident);
        line("Private_Dirty", dirty && !outside ? resident : none);
        line("Referenced", resident);
        line("Anonymous", m.file ? none : resident);
        line("AnonHugePages", none);
        line("Swap", none);
        line("SwapPss", none);
        line("Locked", none);
        text.append("VmFlags:").append(m.prot & kPROT_READ ? " rd" : "");
        text.append(m.prot & kPROT_WRITE ? " wr" : "").append(m.prot & kPROT_EXEC ? " ex" : "");
        text.append(m.is_shared() ? " sh" : "").append(" mr mw me");
        text.append(m.flags & kWipedByFork ? " wf" : "").append("\n");
    });
}

struct Sizes {
    uint64_t all = 0, data = 0, stack = 0, program = 0, libraries = 0;
    uint64_t code_start = 0, code_end = 0;
};
Sizes sizes_of(Process& process) {
    Sizes sizes;
    for (const Mapping& m : mappings_of(process)) {
        uint64_t size = m.end - m.start;
        sizes.all += size;
        if (m.use == Use::Stack)
            sizes.stack += size;
        else if ((m.prot & kPROT_WRITE) && (m.flags & kMAP_TYPE) == kMAP_PRIVATE)
            sizes.data += size;
        if (!(m.prot & kPROT_EXEC) || !m.file)
            continue;
        if (!is_executable_file(process, m)) {
            sizes.libraries += size;
            continue;
        }
        sizes.program += size;
        if (sizes.code_start == 0)
            sizes.code_start = m.start;
        sizes.code_end = m.end;
    }
    return sizes;
}

void status(TextBuilder& text, const Subject& subject) {
    Process& p = subject.process;
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
    Sizes sizes = sizes_of(p);
    text.append("Name:\t").append(subject.thread_name.view()).append("\nUmask:\t");
    text.append_number(p.fs->umask, 8, 4).append("\nState:\tR (running)\n");
    line("Tgid", static_cast<uint64_t>(p.pid));
    line("Ngid", 0);
    line("Pid", static_cast<uint64_t>(subject.tid));
    line("PPid", static_cast<uint64_t>(p.parent_pid.load()));
    line("TracerPid", 0);
    ids("Uid", p.credentials.user, p.credentials.effective_user, p.credentials.saved_user);
    ids("Gid", p.credentials.group, p.credentials.effective_group, p.credentials.saved_group);
    text.append("FDSize:\t64\nGroups:\t\n");
    line("NStgid", static_cast<uint64_t>(p.pid));
    line("NSpid", static_cast<uint64_t>(subject.tid));
    line("NSpgid", static_cast<uint64_t>(p.group));
    line("NSsid", static_cast<uint64_t>(p.session));
    kib("VmPeak", sizes.all);
    kib("VmSize", sizes.all);
    kib("VmLck", 0);
    kib("VmPin", 0);
    kib("VmHWM", pages::committed_peak());
    kib("VmRSS", pages::committed_size());
    kib("RssAnon", pages::committed_size());
    kib("RssFile", 0);
    kib("RssShmem", 0);
    kib("VmData", sizes.data);
    kib("VmStk", sizes.stack);
    kib("VmExe", sizes.program);
    kib("VmLib", sizes.libraries);
    kib("VmPTE", 0);
    kib("VmSwap", 0);
    kib("HugetlbPages", 0);
    text.append("CoreDumping:\t0\nTHP_enabled:\t0\n");
    line("Threads", p.threads.size());
    text.append("SigQ:\t0/64\n");
    mask("SigPnd", subject.pending);
    mask("ShdPnd", p.pending.set);
    mask("SigBlk", subject.mask);
    uint64_t ignored = 0, caught = 0;
    for (int i = 0; i < kSignalCount; i++) {
        ignored |= static_cast<uint64_t>(p.handlers->actions[i].handler == kSIG_IGN) << i;
        caught |= static_cast<uint64_t>(p.handlers->actions[i].handler > kSIG_IGN) << i;
    }
    mask("SigIgn", ignored);
    mask("SigCgt", caught);
    constexpr uint64_t kAllCapabilities = 0x1ffffffffff;
    uint64_t capabilities = p.credentials.effective_user == 0 ? kAllCapabilities : 0;
    mask("CapInh", 0);
    mask("CapPrm", capabilities);
    mask("CapEff", capabilities);
    mask("CapBnd", kAllCapabilities);
    mask("CapAmb", 0);
    text.append("NoNewPrivs:\t0\nSeccomp:\t0\nSeccomp_filters:\t0\n");
    unsigned count = processor_count();
    text.append("Cpus_allowed:\t").append_number(count < 64 ? (1ull << count) - 1 : ~0ull, 16);
    text.append("\nCpus_allowed_list:\t0-").append_number(count - 1);
    text.append("\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
    text.append("voluntary_ctxt_switches:\t0\nnonvoluntary_ctxt_switches:\t0\n");
}

// The 52 fields of proc(5); what the enclave does not know is 0.
void stat(TextBuilder& text, const Subject& subject) {
    Process& p = subject.process;
    Sizes sizes = sizes_of(p);
    uint64_t fields[53] = {};
    fields[4] = static_cast<uint64_t>(p.parent_pid.load());
    fields[5] = static_cast<uint64_t>(p.group);
    fields[6] = static_cast<uint64_t>(p.session);
    fields[9] = 4194304;  // flags
    fields[18] = 20;      // priority
    fields[20] = p.threads.size();
    fields[22] = p.start_time_ns / 10'000'000;
    fields[23] = sizes.all;
    fields[24] = pages::committed_size() / 4096;
    fields[25] = ~0ull;  // limit of the resident set
    fields[26] = sizes.code_start;
    fields[27] = sizes.code_end;
    fields[28] = p.stack_start;
    fields[38] = 17;  // exit signal
    fields[48] = p.arguments_start;
    fields[49] = p.arguments_end;
    fields[50] = p.environment_start;
    fields[51] = p.environment_end;
    text.append_number(static_cast<uint64_t>(subject.tid)).append(" (");
    text.append(subject.thread_name.view()).append(") R");
    for (unsigned i = 4; i < 53; i++) {
        text.append(" ");
        if (i == 8)
            text.append("-1");  // group in the foreground of no terminal
        else
            text.append_number(fields[i]);
    }
    text.append("\n");
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

void limits(TextBuilder& text, const Subject& subject) {
    struct Name {
        std::string_view name, unit;
    };
    constexpr Name kNames[kLimitCount] = {
        {"Max cpu time", "seconds"},     {"Max file size", "bytes"},
        {"Max data size", "bytes"},      {"Max stack size", "bytes"},
        {"Max core file size", "bytes"}, {"Max resident set", "bytes"},
        {"Max processes", "processes"},  {"Max open files", "files"},
        {"Max locked memory", "bytes"},  {"Max address space", "bytes"},
        {"Max file locks", "locks"},     {"Max pending signals", "signals"},
        {"Max msgqueue size", "bytes"},  {"Max nice priority", ""},
        {"Max realtime priority", ""},   {"Max realtime timeout", "us"},
    };
    auto padded = [&](std::string_view value, size_t width) {
        text.append(value);
        for (size_t i = value.size(); i < width; i++)
            text.append(" ");
    };
    auto limit = [&](uint64_t value) {
        FixedText<24> number;
        if (value == ~0ull)
            number.append("unlimited");
        else
            number.append_number(value);
        padded(number.view(), 21);
    };
    text.append("Limit                     Soft Limit           Hard Limit           Units     \n");
    for (unsigned i = 0; i < kLimitCount; i++) {
        padded(kNames[i].name, 26);
        limit(subject.process.limits[i].soft);
        limit(subject.process.limits[i].hard);
        padded(kNames[i].unit, 10);
        text.append("\n");
    }
}

void descriptor_facts(TextBuilder& text, const Subject& subject) {
    int fd = static_cast<int>(subject.number);
    FdTable& files = *subject.process.files;
    auto file = files.get(fd);
    if (!file)
        return;
    auto position = (*file)->seek(0, kSEEK_CUR);
    auto closes = files.close_on_exec(fd);
    uint32_t flags = ((*file)->status_flags() & ~kO_CLOEXEC) | kO_LARGEFILE;
    if (closes && *closes)
        flags |= kO_CLOEXEC;
    text.append("pos:\t").append_number(position ? *position : 0).append("\nflags:\t0");
    text.append_number(flags, 8).append("\nmnt_id:\t1\nino:\t");
    Stat now{};
    text.append_number((*file)->stat(now) ? now.ino : 0).append("\n");
}

Result<void> descriptor_target(const Subject& subject, Path& out) {
    auto file = subject.process.files->get(static_cast<int>(subject.number));
    if (!file)
        return error(kENOENT);
    Stat now{};
    bool known = (*file)->stat(now).has_value();
    uint32_t type = now.mode & kS_IFMT;
    (*file)->describe(out);
    if (known && type == kS_IFIFO && (out.size() == 0 || out.view()[0] != '/')) {
        out.clear();
        out.append("pipe:[").append_number(now.ino).append(']');
    } else if (known && now.nlink == 0 && (type == kS_IFREG || type == kS_IFDIR) &&
               out.size() > 0 && out.view()[0] == '/') {
        out.append(" (deleted)");
    }
    return {};
}

Result<void> rename_thread(const Subject& subject, std::string_view value) {
    if (!value.empty() && value.back() == '\n')
        value.remove_suffix(1);
    if (value.size() > 15)
        value = {value.data(), 15};
    enclave::Guard guard(subject.process.mutex);
    for (Thread* thread : subject.process.threads)
        if (thread->tid == subject.tid)
            thread->name = FixedText<16>(value);
    return {};
}

// Settings that are kept and shown, and act on nothing: no kernel chooses or dumps this process.
constinit FixedText<16> oom_score_adjustment, core_filter;
template <FixedText<16>& kept>
Result<void> keep(const Subject&, std::string_view value) {
    while (!value.empty() && value.back() == '\n')
        value.remove_suffix(1);
    if (value.empty() || value.size() > 10)
        return error(kEINVAL);
    kept = FixedText<16>(value);
    return {};
}

constexpr std::string_view kMounts[][2] = {
    {"/", "rootfs"},      {"/proc", "proc"},     {"/sys", "sysfs"},
    {"/dev", "devtmpfs"}, {"/dev/shm", "tmpfs"},
};
void mounts(TextBuilder& text, const Subject&) {
    for (const auto& [place, type] : kMounts)
        text.append(type).append(" ").append(place).append(" ").append(type).append(" rw 0 0\n");
}
void mount_facts(TextBuilder& text, const Subject&) {
    unsigned number = 1;
    for (const auto& [place, type] : kMounts) {
        text.append_number(number).append(number == 1 ? " 0 0:" : " 1 0:").append_number(number);
        text.append(" / ").append(place).append(" rw - ").append(type).append(" ").append(type);
        text.append(" rw\n");
        number++;
    }
}

constexpr ProcRow kRows[] = {
    {"/proc/self/maps", maps},
    {"/proc/self/status", status},
    {"/proc/self/stat", stat},
    {"/proc/self/statm",
     [](TextBuilder& t, const Subject& s) {
         Sizes sizes = sizes_of(s.process);
         t.append_number(sizes.all / 4096).append(" ");
         t.append_number(pages::committed_size() / 4096).append(" 0 ");
         t.append_number(sizes.program / 4096).append(" 0 ");
         t.append_number((sizes.data + sizes.stack) / 4096).append(" 0\n");
     }},
    {"/proc/self/smaps", memory_details},
    {"/proc/self/smaps_rollup",
     [](TextBuilder& t, const Subject& s) {
         Vector<Mapping> list = mappings_of(s.process);
         t.append_number(list.empty() ? 0 : list[0].start, 16, 8).append("-");
         t.append_number(list.empty() ? 0 : list.back().end, 16, 8);
         t.append(" ---p 00000000 00:00 0                          [rollup]\n");
         for (std::string_view name : {"Rss", "Pss", "Private_Dirty", "Referenced", "Anonymous"}) {
             t.append(name).append(":             ");
             t.append_number(pages::committed_size() / 1024).append(" kB\n");
         }
         for (std::string_view name : {"Shared_Clean", "Shared_Dirty", "Private_Clean", "Swap"})
             t.append(name).append(":             0 kB\n");
     }},
    {"/proc/self/cmdline",
     [](TextBuilder& t, const Subject& s) {
         program_range(t, s.process.arguments_start, s.process.arguments_end);
     }},
    {.path = "/proc/self/environ",
     .write =
         [](TextBuilder& t, const Subject& s) {
             program_range(t, s.process.environment_start, s.process.environment_end);
         },
     .mode = 0400},
    {.path = "/proc/self/auxv",
     .write =
         [](TextBuilder& t, const Subject& s) {
             program_range(t, s.process.auxiliary_start, s.process.auxiliary_end);
         },
     .mode = 0400},
    {.path = "/proc/self/comm",
     .write = [](TextBuilder& t, const Subject& s) { t.append(s.thread_name.view()).append("\n"); },
     .store = rename_thread,
     .mode = 0644},
    {"/proc/self/limits", limits},
    {"/proc/self/io",
     [](TextBuilder& t, const Subject&) {
         // Bytes are not counted; a program that has read this has read something.
         t.append(
             "rchar: 1\nwchar: 0\nsyscr: 1\nsyscw: 0\nread_bytes: 0\nwrite_bytes: 0\n"
             "cancelled_write_bytes: 0\n");
     }},
    {"/proc/self/cgroup", [](TextBuilder& t, const Subject&) { t.append("0::/\n"); }},
    {"/proc/self/mountinfo", mount_facts},
    {"/proc/self/mounts", mounts},
    {"/proc/self/oom_score", [](TextBuilder& t, const Subject&) { t.append("0\n"); }},
    {.path = "/proc/self/oom_score_adj",
     .write =
         [](TextBuilder& t, const Subject&) {
             t.append(oom_score_adjustment.size() > 0 ? oom_score_adjustment.view() : "0");
             t.append("\n");
         },
     .store = keep<oom_score_adjustment>,
     .mode = 0644},
    {.path = "/proc/self/coredump_filter",
     .write =
         [](TextBuilder& t, const Subject&) {
             t.append(core_filter.size() > 0 ? core_filter.view() : "00000033").append("\n");
         },
     .store = keep<core_filter>,
     .mode = 0644},
    {"/proc/self/fdinfo/#", descriptor_facts},
    {.path = "/proc/self/fd/#", .target = descriptor_target},
    {.path = "/proc/self/exe",
     .target = [](const Subject& s, Path& out) -> Result<void> {
         out.append(s.process.executable.view());
         return {};
     }},
    {.path = "/proc/self/cwd",
     .target = [](const Subject& s, Path& out) -> Result<void> {
         enclave::Guard guard(s.process.fs->lock);
         out.append(s.process.fs->working_directory.view());
         return {};
     }},
    {.path = "/proc/self/root",
     .target = [](const Subject&, Path& out) -> Result<void> {
         out.append("/");
         return {};
     }},
    {.path = "/proc/thread-self",
     .target = [](const Subject& s, Path& out) -> Result<void> {
         out.append_number(static_cast<uint64_t>(s.process.pid)).append("/task/");
         out.append_number(static_cast<uint64_t>(current_thread().tid));
         return {};
     }},
    {.path = "/proc/mounts",
     .target = [](const Subject&, Path& out) -> Result<void> {
         out.append("self/mounts");
         return {};
     }},
};

}  // namespace

std::span<const ProcRow> process_rows() {
    return kRows;
}

}  // namespace scone::libos
