// /proc and /sys as C libraries, language runtimes and tools read them.
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static char text[1 << 16];
// The whole file, NUL-terminated; its size.
static long load(const char* path) {
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        FAIL("cannot open %s (errno %d)", path, errno);
    long size = 0, count;
    while ((count = read(fd, text + size, sizeof text - 1 - (size_t)size)) > 0)
        size += count;
    CHECK(count == 0);
    close(fd);
    text[size] = 0;
    return size;
}
// The text behind "NAME:" of the file loaded last, at the beginning of a line.
static const char* field(const char* name) {
    size_t length = strlen(name);
    for (const char* at = text; at != NULL; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
        if (strncmp(at, name, length) == 0 && (at[length] == ':' || at[length] == '\t' || at[length] == ' '))
            return at + length + 1 + strspn(at + length + 1, " \t:");
    FAIL("no line %s", name);
    return NULL;
}
static void link_is(const char* path, const char* wanted) {
    char target[PATH_MAX];
    long size = readlink(path, target, sizeof target - 1);
    if (size < 0)
        FAIL("readlink %s: errno %d", path, errno);
    target[size] = 0;
    if (strcmp(target, wanted) != 0)
        FAIL("%s leads to %s, not %s", path, target, wanted);
}

CASE(self_is_this_process) {
    char pid[32], path[64], cwd[PATH_MAX];
    snprintf(pid, sizeof pid, "%d", getpid());
    link_is("/proc/self", pid);
    snprintf(path, sizeof path, "%d/task/%ld", getpid(), syscall(SYS_gettid));
    link_is("/proc/thread-self", path);
    CHECK(getcwd(cwd, sizeof cwd) != NULL);
    link_is("/proc/self/cwd", cwd);
    link_is("/proc/self/root", "/");
    snprintf(path, sizeof path, "/proc/%d/cwd", getpid());
    link_is(path, cwd);
    char exe[PATH_MAX] = "";
    CHECK(readlink("/proc/self/exe", exe, sizeof exe - 1) > 0);
    CHECK_EQ(exe[0], '/');
    struct stat a, b;
    CHECK_EQ(stat("/proc/self/exe", &a), 0);
    CHECK_EQ(stat(exe, &b), 0);
    CHECK_EQ(a.st_ino, b.st_ino);
    int fd = open("/proc/self/exe", O_RDONLY);
    char magic[4];
    CHECK_EQ(read(fd, magic, 4), 4);
    CHECK_EQ(memcmp(magic, ELFMAG, 4), 0);
    close(fd);
    CHECK_EQ(access("/proc/self/cwd/.", F_OK), 0);
    CHECK_EQ(access("/proc/self/root/proc/self", F_OK), 0);
}

CASE(maps_say_where_things_are) {
    load("/proc/self/maps");
    uintptr_t code = (uintptr_t)&load, data = (uintptr_t)text, stack = (uintptr_t)&code;
    int found = 0;
    unsigned long last = 0;
    for (char* line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        unsigned long start, end, offset, inode;
        unsigned major, minor;
        char rights[8], name[PATH_MAX] = "";
        CHECK(sscanf(line, "%lx-%lx %4s %lx %x:%x %lu %4095s", &start, &end, rights, &offset, &major, &minor,
                     &inode, name) >= 7);
        CHECK(start >= last && end > start);
        last = end;
        if (code >= start && code < end) {
            CHECK(strncmp(rights, "r-xp", 4) == 0);
            CHECK(strstr(name, "proc") != NULL && inode != 0);
            found |= 1;
        }
        if (data >= start && data < end)
            found |= 2;
        if (stack >= start && stack < end) {
            CHECK(strcmp(name, "[stack]") == 0);
            found |= 4;
        }
    }
    CHECK_EQ(found, 7);
}

CASE(stat_has_all_fields) {
    prctl(PR_SET_NAME, "a) b (c");
    load("/proc/self/stat");
    prctl(PR_SET_NAME, "proc");
    int pid, used;
    CHECK_EQ(sscanf(text, "%d (a) b (c) %n", &pid, &used), 1);
    CHECK_EQ(pid, getpid());
    char state;
    int ppid, group, session;
    CHECK_EQ(sscanf(text + used, "%c %d %d %d", &state, &ppid, &group, &session), 4);
    CHECK(ppid == getppid() && group == getpgrp() && session == getsid(0));
    int fields = 2;
    char *save, *copy = strdup(text + used), *values[64] = {0};
    for (char* word = strtok_r(copy, " \n", &save); word != NULL; word = strtok_r(NULL, " \n", &save))
        values[fields++] = word;
    CHECK_EQ(fields, 52);
    CHECK_EQ(atoi(values[19]), 1);                             // threads
    CHECK(strtoul(values[22], NULL, 10) > 100000);              // size
    CHECK(strtoul(values[23], NULL, 10) > 10);                  // pages in memory
    uintptr_t start = strtoul(values[25], NULL, 10), end = strtoul(values[26], NULL, 10);
    CHECK((uintptr_t)&load >= start && (uintptr_t)&load < end);  // code
    CHECK(strtoul(values[27], NULL, 10) > (uintptr_t)&state);   // start of the stack
    free(copy);
}

CASE(status_has_what_tools_read) {
    load("/proc/self/status");
    CHECK_EQ(atoi(field("Pid")), getpid());
    CHECK_EQ(atoi(field("Tgid")), getpid());
    CHECK_EQ(atoi(field("PPid")), getppid());
    CHECK_EQ(atoi(field("TracerPid")), 0);
    CHECK_EQ(atoi(field("Threads")), 1);
    CHECK_EQ((unsigned)atoi(field("Uid")), getuid());
    CHECK_EQ((unsigned)atoi(field("Gid")), getgid());
    CHECK(field("State")[0] == 'R');
    for (const char** name = (const char*[]){"Name", "Umask", "FDSize", "Groups", "VmPeak", "VmSize", "VmLck", "VmHWM",
                                             "VmRSS", "RssAnon", "RssFile", "RssShmem", "VmData", "VmStk", "VmExe", "VmLib",
                                             "VmPTE", "VmSwap", "SigQ", "SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt",
                                             "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp",
                                             "Cpus_allowed", "Cpus_allowed_list", "Mems_allowed", "Mems_allowed_list",
                                             "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches", NULL};
         *name != NULL; name++)
        field(*name);
    CHECK(atol(field("VmSize")) >= atol(field("VmRSS")) && atol(field("VmRSS")) > 0);
    load("/proc/self/statm");
    long pages[7];
    CHECK_EQ(sscanf(text, "%ld %ld %ld %ld %ld %ld %ld", pages, pages + 1, pages + 2, pages + 3, pages + 4, pages + 5,
                    pages + 6), 7);
    CHECK(pages[0] >= pages[1] && pages[1] > 0);
}

CASE(arguments_environment_and_auxiliary_vector) {
    long size = load("/proc/self/cmdline");
    CHECK(size > 0 && text[size - 1] == 0);
    CHECK(strstr(text, "proc") != NULL);
    size = load("/proc/self/environ");
    CHECK(size > 0 && memmem(text, (size_t)size, "PATH=", 5) != NULL);
    size = load("/proc/self/auxv");
    CHECK(size >= 32 && size % 16 == 0);
    int found = 0;
    for (const Elf64_auxv_t* at = (const Elf64_auxv_t*)text; at->a_type != AT_NULL; at++) {
        if (at->a_type != AT_HWCAP)  // the C library shows another one
            CHECK_EQ(at->a_un.a_val, getauxval(at->a_type));
        found |= at->a_type == AT_PAGESZ ? 1 : at->a_type == AT_ENTRY ? 2 : at->a_type == AT_RANDOM ? 4 : 0;
    }
    CHECK_EQ(found, 7);
}

CASE(name_can_be_changed) {
    int fd = open("/proc/self/comm", O_RDWR);
    CHECK(fd >= 0);
    CHECK_EQ(write(fd, "renamed-and-too-long", 20), 20);
    close(fd);
    load("/proc/self/comm");
    CHECK(strcmp(text, "renamed-and-too\n") == 0);
    char name[16];
    prctl(PR_GET_NAME, name);
    CHECK(strcmp(name, "renamed-and-too") == 0);
    prctl(PR_SET_NAME, "proc");
}

CASE(descriptors_are_listed) {
    int fd = open("f", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644), ends[2];
    CHECK_EQ(write(fd, "abc", 3), 3);
    CHECK_EQ(pipe(ends), 0);
    char path[PATH_MAX], wanted[PATH_MAX];
    CHECK(getcwd(wanted, sizeof wanted - 2) != NULL);
    strcat(wanted, "/f");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    link_is(path, wanted);
    struct stat a, b;
    CHECK_EQ(stat(path, &a), 0);
    CHECK_EQ(fstat(fd, &b), 0);
    CHECK(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
    CHECK_EQ(lstat(path, &a), 0);
    CHECK(S_ISLNK(a.st_mode));
    int found = 0, listing = -1;
    DIR* d = opendir("/proc/self/fd");
    listing = dirfd(d);
    for (struct dirent* e; (e = readdir(d)) != NULL;) {
        int number = atoi(e->d_name);
        found |= e->d_name[0] == '.' ? 0 : number == fd ? 1 : number == ends[0] ? 2 : number == ends[1] ? 4
                                       : number == listing ? 8 : 0;
    }
    closedir(d);
    CHECK_EQ(found, 15);
    CHECK_EQ(unlink("f"), 0);
    strcat(wanted, " (deleted)");
    link_is(path, wanted);
    int again = open(path, O_RDONLY);
    CHECK(again >= 0);
    CHECK_EQ(lseek(again, 0, SEEK_CUR), 0);
    char byte;
    CHECK_EQ(read(again, &byte, 1), 1);
    CHECK_EQ(byte, 'a');
    close(again);
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
    load(path);
    CHECK_EQ(atol(field("pos")), 3);
    long flags = strtol(field("flags"), NULL, 8);
    CHECK_EQ(flags & (O_ACCMODE | O_APPEND | O_CLOEXEC), O_RDWR | O_APPEND | O_CLOEXEC);
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    char target[64] = "", inode[64];
    CHECK(readlink(path, target, sizeof target - 1) > 0);
    CHECK_EQ(fstat(ends[0], &a), 0);
    snprintf(inode, sizeof inode, "pipe:[%lu]", (unsigned long)a.st_ino);
    CHECK(strcmp(target, inode) == 0);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    again = open(path, O_RDONLY);
    CHECK(again >= 0);
    CHECK_EQ(read(again, &byte, 1), 1);
    CHECK_ERRNO(open("/proc/self/fd/9999", O_RDONLY), ENOENT);
    CHECK_ERRNO(readlink("/proc/self/fd/9999", path, sizeof path), ENOENT);
    close(again), close(fd), close(ends[0]), close(ends[1]);
}

static pthread_barrier_t barrier;
static volatile int thread_id;
static void* named_thread(void* unused) {
    thread_id = (int)syscall(SYS_gettid);
    pthread_setname_np(pthread_self(), "worker");
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return unused;
}
CASE(threads_are_listed) {
    pthread_t thread;
    pthread_barrier_init(&barrier, NULL, 2);
    CHECK_EQ(pthread_create(&thread, NULL, named_thread, NULL), 0);
    pthread_barrier_wait(&barrier);
    int found = 0;
    DIR* d = opendir("/proc/self/task");
    for (struct dirent* e; (e = readdir(d)) != NULL;)
        found |= atoi(e->d_name) == getpid() ? 1 : atoi(e->d_name) == thread_id ? 2 : 0;
    closedir(d);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/comm", thread_id);
    load(path);
    int named = strcmp(text, "worker\n") == 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/status", thread_id);
    load(path);
    int own = atoi(field("Pid")) == thread_id && atoi(field("Tgid")) == getpid() && atoi(field("Threads")) == 2;
    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", getpid(), thread_id);
    load(path);
    int stat_own = atoi(text) == thread_id && strstr(text, "(worker)") != NULL;
    int absent = access("/proc/self/task/1999999999", F_OK) == -1 && errno == ENOENT;
    pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL);
    CHECK_EQ(found, 3);
    CHECK(named && own && stat_own && absent);
}

CASE(limits_are_those_of_getrlimit) {
    struct rlimit limit;
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    load("/proc/self/limits");
    CHECK_EQ(strtoul(field("Max open files"), NULL, 10), limit.rlim_cur);
    CHECK_EQ(getrlimit(RLIMIT_STACK, &limit), 0);
    CHECK_EQ(strtoul(field("Max stack size"), NULL, 10), limit.rlim_cur);
    field("Max cpu time"), field("Max file size"), field("Max processes"), field("Max realtime timeout");
}

CASE(other_files_of_the_process) {
    load("/proc/self/io");
    CHECK(atol(field("rchar")) > 0);
    field("syscr"), field("write_bytes");
    load("/proc/self/oom_score_adj");
    CHECK_EQ(atoi(text), 0);
    int fd = open("/proc/self/oom_score_adj", O_RDWR);
    CHECK(fd >= 0);
    CHECK_EQ(write(fd, "0\n", 2), 2);
    close(fd);
    load("/proc/self/oom_score");
    load("/proc/self/cgroup");
    CHECK(strchr(text, ':') != NULL);
    load("/proc/self/mounts");
    CHECK(strstr(text, " / ") != NULL && strstr(text, " /proc ") != NULL);
    load("/proc/self/mountinfo");
    CHECK(strstr(text, " / / ") != NULL && strstr(text, " - ") != NULL);
    load("/proc/self/coredump_filter");
    load("/proc/self/smaps_rollup");
    CHECK(atol(field("Rss")) > 0 && atol(field("Pss")) > 0);
    load("/proc/mounts");
    link_is("/proc/mounts", "self/mounts");
}

CASE(the_machine) {
    load("/proc/meminfo");
    long total = atol(field("MemTotal"));
    CHECK(total > 0 && atol(field("MemFree")) <= total && atol(field("MemAvailable")) <= total);
    for (const char** name = (const char*[]){"Buffers", "Cached", "SwapCached", "Active", "Inactive", "SwapTotal",
                                             "SwapFree", "Shmem", "Slab", "SReclaimable", "CommitLimit", "Committed_AS",
                                             "HugePages_Total", "Hugepagesize", NULL}; *name != NULL; name++)
        field(*name);
    long online = sysconf(_SC_NPROCESSORS_ONLN), processors = 0;
    load("/proc/cpuinfo");
    for (char* at = text; (at = strstr(at, "processor\t")) != NULL; at++)
        processors++;
    CHECK_EQ(processors, online);
    field("flags"), field("model name\t");
    load("/proc/stat");
    field("cpu"), field("cpu0"), field("ctxt"), field("processes"), field("procs_running");
    CHECK(atol(field("btime")) > 1000000000 && atol(field("btime")) <= time(NULL));
    double up, idle;
    load("/proc/uptime");
    CHECK_EQ(sscanf(text, "%lf %lf", &up, &idle), 2);
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    CHECK(up > 0 && up <= (double)now.tv_sec + 1);
    double load1, load5, load15;
    int running, tasks, last;
    load("/proc/loadavg");
    CHECK_EQ(sscanf(text, "%lf %lf %lf %d/%d %d", &load1, &load5, &load15, &running, &tasks, &last), 6);
    load("/proc/version");
    CHECK(strncmp(text, "Linux version ", 14) == 0);
    load("/proc/filesystems");
    CHECK(strstr(text, "nodev\tproc\n") != NULL);
}

CASE(system_settings) {
    struct utsname name;
    CHECK_EQ(uname(&name), 0);
    load("/proc/sys/kernel/osrelease");
    CHECK(strncmp(text, name.release, strlen(name.release)) == 0);
    load("/proc/sys/kernel/hostname");
    CHECK(strncmp(text, name.nodename, strlen(name.nodename)) == 0);
    load("/proc/sys/kernel/ostype");
    CHECK(strcmp(text, "Linux\n") == 0);
    load("/proc/sys/kernel/random/uuid");
    CHECK_EQ(strlen(text), 37);
    char first[64];
    strcpy(first, text);
    load("/proc/sys/kernel/random/uuid");
    CHECK(strcmp(first, text) != 0);
    load("/proc/sys/kernel/random/boot_id");
    strcpy(first, text);
    load("/proc/sys/kernel/random/boot_id");
    CHECK(strcmp(first, text) == 0);
    for (const char** path = (const char*[]){"kernel/pid_max", "kernel/threads-max", "kernel/ngroups_max",
                                             "kernel/cap_last_cap", "kernel/sem", "kernel/shmmax", "kernel/shmall",
                                             "kernel/shmmni", "kernel/random/entropy_avail", "kernel/version",
                                             "vm/overcommit_memory", "vm/max_map_count", "vm/swappiness",
                                             "vm/mmap_min_addr", "fs/file-max", "fs/nr_open", "fs/pipe-max-size",
                                             "net/core/somaxconn", "net/ipv4/ip_local_port_range", NULL};
         *path != NULL; path++) {
        char full[128];
        snprintf(full, sizeof full, "/proc/sys/%s", *path);
        CHECK(load(full) > 1);
        CHECK_EQ(access(full, R_OK), 0);
    }
}

CASE(processors_in_sys) {
    load("/sys/devices/system/cpu/online");
    CHECK_EQ(text[0], '0');
    load("/sys/devices/system/cpu/possible");
    load("/sys/devices/system/cpu/present");
    int processors = 0;
    DIR* d = opendir("/sys/devices/system/cpu");
    CHECK(d != NULL);
    for (struct dirent* e; (e = readdir(d)) != NULL;)
        processors += strncmp(e->d_name, "cpu", 3) == 0 && isdigit(e->d_name[3]);
    closedir(d);
    CHECK_EQ(processors, sysconf(_SC_NPROCESSORS_CONF));
    CHECK_EQ(access("/sys/fs/cgroup", F_OK), 0);
}

// Whatever is listed is there.
static void all_exist(const char* folder) {
    DIR* d = opendir(folder);
    if (d == NULL)
        FAIL("no %s (errno %d)", folder, errno);
    for (struct dirent* e; (e = readdir(d)) != NULL;) {
        struct stat now;
        if (fstatat(dirfd(d), e->d_name, &now, AT_SYMLINK_NOFOLLOW) != 0 && isalpha(e->d_name[0]))
            FAIL("%s/%s is listed but gives errno %d", folder, e->d_name, errno);
        if (e->d_type != DT_UNKNOWN && isalpha(e->d_name[0]) && e->d_type != IFTODT(now.st_mode))
            FAIL("%s/%s is of type %d, listed as %d", folder, e->d_name, IFTODT(now.st_mode), e->d_type);
    }
    closedir(d);
}
CASE(what_is_listed_exists) {
    all_exist("/proc"), all_exist("/proc/self"), all_exist("/proc/self/task"), all_exist("/proc/sys");
    all_exist("/proc/sys/kernel"), all_exist("/proc/sys/vm"), all_exist("/proc/sys/fs"), all_exist("/sys");
    all_exist("/sys/devices/system/cpu"), all_exist("/dev"), all_exist("/proc/sys/kernel/random");
}

CASE(refusals) {
    CHECK_ERRNO(open("/proc/absent", O_RDONLY), ENOENT);
    CHECK_ERRNO(open("/proc/self/absent", O_RDONLY), ENOENT);
    CHECK_ERRNO(open("/proc/self/status/x", O_RDONLY), ENOTDIR);
    CHECK_ERRNO(mkdir("/proc/absent", 0755), ENOENT);
    CHECK_ERRNO(open("/proc/absent", O_CREAT | O_WRONLY, 0644), ENOENT);
    CHECK_ERRNO(open("/proc/self", O_WRONLY), EISDIR);
    CHECK_ERRNO(open("/proc/self/status", O_RDONLY | O_DIRECTORY), ENOTDIR);
    CHECK_ERRNO(unlink("/proc/self/status"), EPERM);
    int fd = open("/proc/self/status", O_RDONLY);
    char byte;
    CHECK_ERRNO(write(fd, "x", 1), EBADF);
    CHECK_EQ(pread(fd, &byte, 1, 0), 1);
    CHECK_EQ(byte, 'N');
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    close(fd);
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
