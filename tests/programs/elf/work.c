// One program for each kind of executable: what start-up code, threads and signals need of it.
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

static __thread int local = 5;
static int constructed, zeroes[100000];
static volatile sig_atomic_t signals;

__attribute__((constructor)) static void construct(void) { constructed = 1; }
static void at_exit(void) { puts("at exit"); }
static void on_signal(int number) { signals += number == SIGUSR1; }

static void* in_thread(void* argument) {
    local += (int)(long)argument;
    char* memory = malloc(1 << 20);
    memset(memory, local, 1 << 20);
    long result = memory[12345] * 100 + local;
    free(memory);
    return (void*)result;
}

int main(int argc, char** argv) {
    printf("%d %s %s %d\n", argc, argv[argc - 1], getenv("SHOWN") != NULL ? getenv("SHOWN") : "none", constructed);
    for (int i = 0; i < 100000; i++)
        if (zeroes[i] != 0)
            return 1;
    pthread_t threads[10];
    for (long i = 0; i < 10; i++)
        if (pthread_create(&threads[i], NULL, in_thread, (void*)i) != 0)
            return 2;
    long sum = 0;
    for (int i = 0; i < 10; i++) {
        void* result;
        pthread_join(threads[i], &result);
        sum += (long)result;
    }
    printf("%ld %d\n", sum, local);
    signal(SIGUSR1, on_signal);
    raise(SIGUSR1);
    pid_t child = fork();
    if (child == 0)
        _exit(signals + 20);
    int status = 0;
    waitpid(child, &status, 0);
    printf("%d %d %d\n", (int)signals, WEXITSTATUS(status), (int)getauxval(AT_PAGESZ));
    FILE* file = fopen("/does/not/exist", "r");
    printf("%s %d %.3f\n", strerror(errno), file == NULL, sqrt(argc));
    FILE* pipe = popen("echo from a shell", "r");
    char line[100];
    if (pipe != NULL && fgets(line, sizeof line, pipe) != NULL)
        printf("%s%d\n", line, pclose(pipe));
    atexit(at_exit);
    return 7;
}
