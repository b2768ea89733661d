#!/usr/bin/env python3
"""A signal that meets a new thread at its first instruction in the enclave is handled like any other.

usage: first_instruction_test.py SCONE_RUN

The moment is a few instructions long; gdb steps the thread into the enclave and gives it the signal
there.
"""
import os, pathlib, subprocess, sys, tempfile, unittest

SCONE_RUN = pathlib.Path(sys.argv.pop(1)).resolve()
PROGRAM = r"""
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
static volatile sig_atomic_t handled;
static void on_signal(int number) { (void)number; handled = handled + 1; }
static void* wait_for_it(void* argument) {
    while (handled == 0)
        usleep(1000);
    return argument;
}
int main(void) {
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, NULL);
    pthread_t thread;
    pthread_create(&thread, NULL, wait_for_it, NULL);
    pthread_join(thread, NULL);
    printf("handled %d\n", (int)handled);
    return 0;
}
"""
# ELRANGE is [0, 64 GiB): ARCHITECTURE.md.
SCRIPT = """
import gdb
for command in ("set pagination off", "set confirm off", "handle all nostop noprint pass", "starti"):
    gdb.execute(command)
class Entry(gdb.Breakpoint):
    def stop(self):
        return gdb.selected_thread().num == 2
entry = Entry("scone_sim_enter")
gdb.execute("continue")
entry.enabled = False
gdb.execute("set scheduler-locking on")
for step in range(1000):
    gdb.execute("stepi", to_string=True)
    if int(gdb.parse_and_eval("$pc")) < 64 << 30:
        print("inside")
        break
gdb.execute("queue-signal SIGUSR1")
gdb.execute("set scheduler-locking off")
gdb.execute("continue")
"""


class FirstInstruction(unittest.TestCase):
    def test_signal_is_handled(self):
        with tempfile.TemporaryDirectory(prefix="scone-processes-") as folder:
            program, script = pathlib.Path(folder) / "program", pathlib.Path(folder) / "script.py"
            subprocess.run(["gcc", "-x", "c", "-O1", "-pthread", "-o", program, "-"], input=PROGRAM, text=True, check=True)
            script.write_text(SCRIPT)
            done = subprocess.run(["gdb", "-nx", "-batch", "-x", script, "--args", SCONE_RUN, "--heap", "64M", "--", program],
                                  env=dict(os.environ, SCONE_LOG="WARNING"), capture_output=True, text=True, timeout=120)
            report = done.stdout + done.stderr
            self.assertIn("inside\n", report)
            self.assertIn("handled 1\n", report)


if __name__ == "__main__":
    unittest.main()
