// /proc of children, the process' sockets and interfaces in /proc/net, and the details of its
// memory.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static char text[1 << 20];
static void load(const char* path) {
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        FAIL("cannot open %s (errno %d)", path, errno);
    long size = 0, count;
    while ((count = read(fd, text + size, sizeof text - 1 - (size_t)size)) > 0)
        size += count;
    close(fd);
    text[size] = 0;
}
static int is_listed(const char* folder, const char* name) {
    DIR* directory = opendir(folder);
    CHECK(directory != NULL);
    int found = 0;
    for (struct dirent* entry; (entry = readdir(directory)) != NULL;)
        found |= strcmp(entry->d_name, name) == 0;
    closedir(directory);
    return found;
}

CASE(children_have_a_folder_until_they_were_waited_for) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
        for (;;)
            pause();
    char folder[32], path[64], state;
    int pid, parent, group;
    struct stat status;
    snprintf(folder, sizeof folder, "/proc/%d", child);
    CHECK_EQ(stat(folder, &status), 0);
    CHECK(S_ISDIR(status.st_mode));
    CHECK(is_listed("/proc", folder + 6));
    CHECK(is_listed(folder, "stat") && is_listed(folder, "status") && is_listed(folder, "comm"));
    kill(child, SIGSTOP);
    int how;
    CHECK_EQ(waitpid(child, &how, WUNTRACED), child);
    snprintf(path, sizeof path, "%s/stat", folder);
    load(path);
    CHECK_EQ(sscanf(text, "%d (proc_others) %c %d %d", &pid, &state, &parent, &group) == 4 ||
                 sscanf(text, "%d (%*[^)]) %c %d %d", &pid, &state, &parent, &group) == 4,
             1);
    CHECK(pid == child && state == 'T' && parent == getpid() && group == getpgrp());
    int fields = 2;
    for (const char* at = strrchr(text, ')'); (at = strchr(at + 1, ' ')) != NULL;)
        fields++;
    CHECK_EQ(fields, 52);
    snprintf(path, sizeof path, "%s/status", folder);
    load(path);
    CHECK(strstr(text, "\nState:\tT (stopped)\n") != NULL);
    char line[32];
    snprintf(line, sizeof line, "\nPPid:\t%d\n", getpid());
    CHECK(strstr(text, line) != NULL);
    kill(child, SIGKILL);
    siginfo_t info;
    CHECK_EQ(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    load(path);
    CHECK(strstr(text, "\nState:\tZ (zombie)\n") != NULL);
    CHECK_EQ(waitpid(child, &how, 0), child);
    CHECK_ERRNO(stat(folder, &status), ENOENT);
    CHECK_ERRNO(open(path, O_RDONLY), ENOENT);
    CHECK(!is_listed("/proc", folder + 6));
    CHECK_ERRNO(stat("/proc/#/stat", &status), ENOENT);
}

// The line of this inode; what stands in front of it is found by the caller.
static const char* line_of(int fd) {
    struct stat status;
    CHECK_EQ(fstat(fd, &status), 0);
    char inode[32];
    snprintf(inode, sizeof inode, " %lu", (unsigned long)status.st_ino);
    for (char* line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        const char* at = strstr(line, inode);
        if (at != NULL && (at[strlen(inode)] == ' ' || at[strlen(inode)] == 0))
            return line;
    }
    FAIL("no line with inode%s", inode);
    return NULL;
}
static unsigned port_of(int fd) {
    struct sockaddr_in6 at;
    socklen_t size = sizeof at;
    CHECK_EQ(getsockname(fd, (struct sockaddr*)&at, &size), 0);
    return ntohs(at.sin6_port);
}
static void shows(const char* path, int fd, const char* address, const char* peer,
                  const char* state) {
    char wanted[160];
    snprintf(wanted, sizeof wanted, ": %s:%04X %s", address, port_of(fd), peer);
    load(path);
    const char* line = line_of(fd);
    const char* at = strstr(line, wanted);
    if (at == NULL || strncmp(strchr(at + strlen(wanted), ' '), state, strlen(state)) != 0)
        FAIL("%s: %s", path, line);
}
CASE(own_sockets_are_listed) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 at6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT};
    int tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);
    int tcp6 = socket(AF_INET6, SOCK_STREAM, 0), udp6 = socket(AF_INET6, SOCK_DGRAM, 0);
    CHECK(tcp >= 0 && udp >= 0 && tcp6 >= 0 && udp6 >= 0);
    CHECK_EQ(bind(tcp, (struct sockaddr*)&at, sizeof at), 0);
    CHECK_EQ(bind(udp, (struct sockaddr*)&at, sizeof at), 0);
    CHECK_EQ(bind(tcp6, (struct sockaddr*)&at6, sizeof at6), 0);
    CHECK_EQ(bind(udp6, (struct sockaddr*)&at6, sizeof at6), 0);
    CHECK_EQ(listen(tcp, 5), 0);
    CHECK_EQ(listen(tcp6, 5), 0);
    shows("/proc/net/tcp", tcp, "0100007F", "00000000", " 0A");
    shows("/proc/self/net/udp", udp, "0100007F", "00000000", " 07");
    shows("/proc/net/tcp6", tcp6, "00000000000000000000000000000000", "00000000", " 0A");
    shows("/proc/net/udp6", udp6, "00000000000000000000000000000000", "00000000", " 07");
    int client = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t size = sizeof at;
    CHECK_EQ(getsockname(tcp, (struct sockaddr*)&at, &size), 0);
    CHECK_EQ(connect(client, (struct sockaddr*)&at, sizeof at), 0);
    char peer[32];
    snprintf(peer, sizeof peer, "0100007F:%04X", port_of(tcp));
    shows("/proc/net/tcp", client, "0100007F", peer, " 01");
    close(tcp), close(udp), close(tcp6), close(udp6), close(client);
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "listed"};
    int local = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_EQ(bind(local, (struct sockaddr*)&name, offsetof(struct sockaddr_un, sun_path) + 7), 0);
    CHECK_EQ(listen(local, 1), 0);
    load("/proc/net/unix");
    const char* line = line_of(local);
    CHECK(strstr(line, " 00010000 0001 01 ") != NULL && strstr(line, " listed") != NULL);
    close(local), unlink("listed");
}

CASE(interfaces_are_listed) {
    load("/proc/net/dev");
    CHECK(strncmp(text, "Inter-|   Receive", 17) == 0);
    const char* loopback = strstr(text, "    lo:");
    CHECK(loopback != NULL);
    unsigned long value;
    int count = 0, length;
    for (loopback += 7; sscanf(loopback, "%lu%n", &value, &length) == 1 && *loopback != '\n';
         count++)
        loopback += length;
    CHECK(count >= 16);
}

CASE(memory_is_told_in_detail) {
    long page = sysconf(_SC_PAGESIZE);
    char* memory = mmap(NULL, (size_t)(16 * page), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(memory != MAP_FAILED);
    CHECK_EQ(mprotect(memory + 15 * page, (size_t)page, PROT_NONE), 0);
    CHECK_EQ(mprotect(memory, (size_t)page, PROT_NONE), 0);
    memset(memory + page, 'x', (size_t)(14 * page));
    load("/proc/self/smaps");
    char start[32];
    snprintf(start, sizeof start, "%08lx-%08lx rw-p", (unsigned long)(memory + page),
             (unsigned long)(memory + 15 * page));
    const char* at = strstr(text, start);
    CHECK(at != NULL);
    long size, resident, dirty;
    CHECK_EQ(sscanf(strstr(at, "\nSize:") + 6, "%ld kB", &size), 1);
    CHECK_EQ(sscanf(strstr(at, "\nRss:") + 5, "%ld kB", &resident), 1);
    CHECK_EQ(sscanf(strstr(at, "\nPrivate_Dirty:") + 15, "%ld kB", &dirty), 1);
    CHECK(size == 14 * page / 1024 && resident == size && dirty == size);
    CHECK(strncmp(strstr(at, "\nVmFlags:"), "\nVmFlags: rd wr", 15) == 0);
    // As in maps, each mapping has its line.
    int lines = 0, headers = 0;
    for (char* line = text; line != NULL && *line;
         line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        headers += strncmp(line, "VmFlags:", 8) == 0;
    load("/proc/self/maps");
    for (char* line = text; line != NULL && *line;
         line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        lines += strstr(line, "[vsyscall]") != line;
    CHECK(headers >= lines - 2 && headers <= lines);
    load("/proc/self/smaps_rollup");
    CHECK(strstr(text, "[rollup]") != NULL && strstr(text, "\nRss:") != NULL);
    munmap(memory, (size_t)(16 * page));
}

int main(int argc, char** argv) {
    return run_cases(argc, argv);
}
