// execve: what a program, and the interpreter of a script, is told of how it was started.
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static char self[PATH_MAX];
extern char** environ;

// In a child: execveat(folder, path, ...), which starts this program with "show" or a script that
// does. What it prints goes into `out`.
static void run(char* out, size_t size, int folder, const char* path, int flags) {
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        dup2(ends[1], 1);
        char* arguments[] = {"zeroth", "show", "last", NULL};
        execveat(folder, path, arguments, environ, flags);
        _exit(127);
    }
    close(ends[1]);
    size_t filled = 0;
    ssize_t count;
    while ((count = read(ends[0], out + filled, size - 1 - filled)) > 0)
        filled += (size_t)count;
    out[filled] = 0;
    close(ends[0]);
    int status;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
}

// The program under another name: arguments, AT_EXECFN, /proc/self/exe, comm.
static int show(int argc, char** argv) {
    char name[17] = {0}, exe[PATH_MAX] = {0};
    prctl(PR_GET_NAME, name);
    ssize_t size = readlink("/proc/self/exe", exe, sizeof exe - 1);
    printf("%s|%s|%s", (const char*)getauxval(AT_EXECFN), name,
           size > 0 && strcmp(exe, self) == 0 ? "exe" : exe);
    for (int i = 0; i < argc; i++)
        printf("|%s", strcmp(argv[i], self) == 0 ? "self" : argv[i]);
    return 0;
}

static void write_script(const char* path, const char* text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    CHECK(fd >= 0);
    CHECK_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    CHECK_EQ(close(fd), 0);
}

#define CHECK_OUTPUT(wanted, ...)                 \
    do {                                          \
        char out_[PATH_MAX];                      \
        run(out_, sizeof out_, __VA_ARGS__);      \
        if (strcmp(out_, wanted) != 0)            \
            FAIL("'%s', not '%s'", out_, wanted); \
    } while (0)

CASE(links_are_followed_in_proc_self_exe_only) {
    unlink("link");
    CHECK_EQ(symlink(self, "link"), 0);
    CHECK_OUTPUT("link|link|exe|zeroth|show|last", AT_FDCWD, "link", 0);
    CHECK_OUTPUT("./link|link|exe|zeroth|show|last", AT_FDCWD, "./link", 0);
    mkdir("folder", 0755);
    unlink("folder/up");
    CHECK_EQ(symlink("../link", "folder/up"), 0);
    CHECK_OUTPUT("folder/../folder/up|up|exe|zeroth|show|last", AT_FDCWD, "folder/../folder/up", 0);
}

CASE(an_interpreter_is_told_the_name_of_its_script) {
    char line[PATH_MAX + 100];
    snprintf(line, sizeof line, "#! %s  show one  argument \nrest\n", self);
    write_script("script", line);
    CHECK_OUTPUT("./script|script|exe|self|show one  argument|./script|show|last", AT_FDCWD,
                 "./script", 0);
    snprintf(line, sizeof line, "#!%s\n", self);
    write_script("show", line);
    CHECK_OUTPUT("show|show|exe|self|show|show|last", AT_FDCWD, "show", 0);
}

CASE(scripts_may_be_interpreters_of_scripts) {
    char line[PATH_MAX + 100];
    snprintf(line, sizeof line, "#!%s show\n", self);
    write_script("inner", line);
    write_script("outer", "#!./inner of outer");
    CHECK_OUTPUT("./outer|outer|exe|self|show|./inner|of outer|./outer|show|last", AT_FDCWD,
                 "./outer", 0);
    write_script("endless", "#!./endless\n");
    char* none[] = {"x", NULL};
    CHECK_ERRNO(execve("./endless", none, environ), ELOOP);
}

CASE(programs_start_from_descriptors) {
    int folder = open(".", O_RDONLY | O_DIRECTORY);
    CHECK(folder >= 0);
    CHECK_EQ(dup2(folder, 50), 50);
    unlink("link");
    CHECK_EQ(symlink(self, "link"), 0);
    CHECK_OUTPUT("/dev/fd/50/link|link|exe|zeroth|show|last", 50, "link", 0);
    char line[PATH_MAX + 100];
    snprintf(line, sizeof line, "#!%s show\n", self);
    write_script("script", line);
    CHECK_OUTPUT("/dev/fd/50/script|script|exe|self|show|/dev/fd/50/script|show|last", 50, "script",
                 0);
    close(50);
    close(folder);
}

CASE(bad_programs_are_refused) {
    char* none[] = {"x", NULL};
    write_script("empty line", "#!\n");
    CHECK_ERRNO(execve("./empty line", none, environ), ENOEXEC);
    write_script("no interpreter", "#!/does/not/exist\n");
    CHECK_ERRNO(execve("./no interpreter", none, environ), ENOENT);
    write_script("text", "text\n");
    CHECK_ERRNO(execve("./text", none, environ), ENOEXEC);
    CHECK_EQ(chmod("text", 0644), 0);
    CHECK_ERRNO(execve("./text", none, environ), EACCES);
    CHECK_ERRNO(execve(".", none, environ), EACCES);
    CHECK_ERRNO(execve("./nothing", none, environ), ENOENT);
    CHECK_ERRNO(execve("", none, environ), ENOENT);
    CHECK_ERRNO(execve("text/below", none, environ), ENOTDIR);
}

CASE(the_working_directory_has_no_links) {
    char here[PATH_MAX], there[PATH_MAX];
    CHECK(getcwd(here, sizeof here) != NULL);
    mkdir("real", 0755);
    unlink("alias");
    CHECK_EQ(symlink("real", "alias"), 0);
    CHECK_EQ(chdir("alias"), 0);
    CHECK(getcwd(there, sizeof there) != NULL);
    CHECK_EQ(chdir(here), 0);
    CHECK(strncmp(there, here, strlen(here)) == 0);
    if (strcmp(there + strlen(here), "/real") != 0)
        FAIL("'%s'", there + strlen(here));
}

int main(int argc, char** argv) {
    if (realpath("/proc/self/exe", self) == NULL)
        return 2;
    for (int i = 0; i < argc; i++)
        if (strncmp(argv[i], "show", 4) == 0)
            return show(argc, argv);
    return run_cases(argc, argv);
}
