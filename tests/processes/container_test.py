#!/usr/bin/env python3
"""What a container engine and its user see of a program's processes: status, signals, PID 1, limits.

usage: container_test.py SCONE_RUN
"""
import os, pathlib, signal, subprocess, sys, tempfile, time, unittest

SCONE_RUN = pathlib.Path(sys.argv.pop(1)).resolve()
# The first process of a PID namespace, as in a container.
INIT = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child"]
CAN_UNSHARE = subprocess.run([*INIT, "true"], capture_output=True).returncode == 0


def command(*words, fork=1, init=False, **environment):
    prefix = INIT if init else []
    flags = ["--heap", "256M", *(["--fork", "1"] if fork else [])]
    return [*prefix, SCONE_RUN, *flags, "--", *words], dict(os.environ, SCONE_LOG="WARNING", **environment)


def run(*words, **more):
    line, environment = command(*words, **more)
    return subprocess.run(line, env=environment, capture_output=True, text=True, timeout=120)


def compile_c(folder, source):
    path = pathlib.Path(folder) / "program"
    subprocess.run(["gcc", "-x", "c", "-O1", "-pthread", "-o", path, "-"], input=source, text=True, check=True)
    return path


class Container(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="scone-processes-")
        self.addCleanup(self.folder.cleanup)

    def stopped(self, number, script, init=False):
        """Starts the script, waits for its line, sends the signal; (status, output)."""
        line, environment = command("/bin/sh", "-c", script, init=init)
        process = subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.assertEqual(process.stdout.readline(), "ready\n")
        target = process.pid
        if init:
            children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            target = int(children[0])
        os.kill(target, number)
        try:
            return process.wait(60 if not init else 5), process.stdout.read()
        except subprocess.TimeoutExpired:
            os.kill(target, signal.SIGKILL)
            process.wait()
            return None, process.stdout.read()

    def test_exit_status_is_passed_exactly(self):
        for status in (0, 1, 77, 255):
            self.assertEqual(run("/bin/sh", "-c", f"exit {status}").returncode, status)

    def test_death_by_a_signal_is_passed_exactly(self):
        self.assertEqual(run("/bin/sh", "-c", "kill -TERM $$").returncode, -signal.SIGTERM)

    def test_terminate_and_interrupt_reach_the_program(self):
        for number, name in ((signal.SIGTERM, "TERM"), (signal.SIGINT, "INT")):
            status, _ = self.stopped(number, f"trap 'exit 42' {name}; echo ready; while :; do sleep 0.05; done")
            self.assertEqual(status, 42)
        status, _ = self.stopped(signal.SIGTERM, "echo ready; while :; do sleep 0.05; done")
        self.assertEqual(status, -signal.SIGTERM)

    @unittest.skipUnless(CAN_UNSHARE, "no PID namespaces here")
    def test_the_first_process_is_spared_without_a_handler_only(self):
        self.assertEqual(self.stopped(signal.SIGTERM, "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done",
                                      init=True)[0], 9)
        self.assertIsNone(self.stopped(signal.SIGTERM, "echo ready; while :; do sleep 0.05; done", init=True)[0])

    @unittest.skipUnless(CAN_UNSHARE, "no PID namespaces here")
    def test_a_crash_of_the_first_process_gives_the_status_that_shells_show(self):
        program = compile_c(self.folder.name, "int main(void) { *(volatile int*)8 = 1; }")
        done = run(program, init=True)
        self.assertIn(done.returncode, (139, -signal.SIGSEGV))

    @unittest.skipUnless(CAN_UNSHARE, "no PID namespaces here")
    def test_the_first_process_reaps_orphans(self):
        program = compile_c(self.folder.name, """
            #include <stdio.h>
            #include <sys/wait.h>
            #include <unistd.h>
            int main(void) {
                int ends[2], status, known = 0;
                pid_t orphan = 0, child;
                if (getpid() != 1 || pipe(ends) != 0) return 2;
                child = fork();
                if (child == 0) {
                    pid_t own = fork();
                    if (own == 0) {
                        own = getpid();
                        while (getppid() != 1) usleep(1000);
                        (void)!write(ends[1], &own, sizeof own);
                        _exit(5);
                    }
                    _exit(0);
                }
                if (read(ends[0], &orphan, sizeof orphan) != sizeof orphan) return 3;
                for (pid_t pid; (pid = wait(&status)) > 0;)
                    known += pid == orphan && WEXITSTATUS(status) == 5 ? 10 : pid == child ? 1 : 100;
                return known == 11 ? 0 : 4;
            }""")
        self.assertEqual(run(program, init=True).returncode, 0)

    def test_no_new_process_unless_permitted_but_exec_in_place(self):
        done = run("/bin/sh", "-c", "/bin/true; /bin/true; exit 3", fork=0)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stderr.count("SCONE_FORK=1"), 1, done.stderr)
        done = run("/bin/sh", "-c", "exec /bin/echo replaced", fork=0)
        self.assertEqual((done.returncode, done.stdout), (0, "replaced\n"))

    def test_exhausted_threads_give_eagain_and_one_message(self):
        program = compile_c(self.folder.name, """
            #include <errno.h>
            #include <pthread.h>
            #include <unistd.h>
            static void* wait_forever(void* argument) { for (;;) pause(); return argument; }
            int main(void) {
                int made = 0, result = 0;
                for (int i = 0; i < 20; i++) {
                    pthread_t thread;
                    int r = pthread_create(&thread, 0, wait_forever, 0);
                    if (r == 0) made++; else result = r;
                }
                return result == EAGAIN && made == 7 ? 0 : 1 + made;
            }""")
        done = run(program, SCONE_TCS="8")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.count("SCONE_TCS"), 1, done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
