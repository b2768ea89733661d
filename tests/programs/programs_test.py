#!/usr/bin/env python3
"""Unmodified programs of this machine under scone-run: rewritten, trapped and mixed, beside native.

usage: programs_test.py BIN_FOLDER
"""
import os, pathlib, signal, subprocess, sys, tempfile, time, unittest

RUN = pathlib.Path(sys.argv[1]).resolve() / "scone-run"
PYTHON = "/usr/bin/python3"

THREADS = """
import threading, time, signal, socket, select
total = 0
lock = threading.Lock()
def add():
    global total
    for _ in range(500):
        with lock: total += 1
threads = [threading.Thread(target=add) for _ in range(20)]
[t.start() for t in threads]; [t.join() for t in threads]
seen = []
signal.signal(signal.SIGALRM, lambda *_: seen.append(1))
signal.setitimer(signal.ITIMER_REAL, 0.05); time.sleep(0.3)
a, b = socket.socketpair(); a.send(b"x")
print(total, seen, b.recv(1), select.select([b], [], [], 0.01))
"""
SPAWN = """
import subprocess
print(subprocess.run(["/bin/echo", "hi"], capture_output=True))
try: subprocess.run(["/does/not/exist"])
except FileNotFoundError as error: print(error)
"""
HELLO_C = '#include <stdio.h>\nint main(int c, char** v) { printf("hello %d\\n", c); return 7; }\n'
HELLO_GO = 'package main\nimport ("fmt"; "sync"; "time")\nfunc main() { var g sync.WaitGroup\n' \
    'for i := 0; i < 50; i++ { g.Add(1); go func() { time.Sleep(time.Millisecond); g.Done() }() }\n' \
    'g.Wait(); fmt.Println("go ok") }\n'


class ProgramsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory(prefix="scone-programs-")
        cls.addClassCleanup(cls.holder.cleanup)
        cls.folder = pathlib.Path(cls.holder.name)
        (cls.folder / "hello.c").write_text(HELLO_C)
        (cls.folder / "hello.go").write_text(HELLO_GO)
        for compiler, name, flags in (("gcc", "static", ["-static"]), ("gcc", "pie", []),
                                      ("gcc", "no-pie", ["-no-pie"]), ("gcc", "static-pie", ["-static-pie"]),
                                      ("musl-gcc", "musl", ["-static"])):
            subprocess.run([compiler, "-O1", *flags, "-o", cls.folder / name, cls.folder / "hello.c"], check=True)
        subprocess.run(["go", "build", "-o", cls.folder / "go", cls.folder / "hello.go"], check=True,
                       env=dict(os.environ, CGO_ENABLED="0", GOCACHE=str(cls.folder / "cache"), HOME="/tmp"))

    def same_as_native(self, *command, options=()):
        native = subprocess.run(command, capture_output=True, text=True, timeout=60)
        for rewrite in ("1", "0", "mixed"):
            with self.subTest(command=command, rewrite=rewrite):
                ours = subprocess.run([RUN, "--heap", "1G", *options, "--", *command], capture_output=True,
                                      text=True, timeout=120, env=dict(os.environ, SCONE_REWRITE=rewrite))
                self.assertEqual((ours.returncode, ours.stdout), (native.returncode, native.stdout), ours.stderr)

    def test_elf_kinds(self):
        for name in ("static", "pie", "no-pie", "static-pie", "musl", "go"):
            self.same_as_native(str(self.folder / name))

    def test_ls(self):
        self.same_as_native("/bin/ls", "-l", "/etc")

    def test_python_imports(self):
        self.same_as_native(PYTHON, "-c", "import ssl, sqlite3, threading; print(1)")

    def test_python_threads_signals_sockets(self):
        self.same_as_native(PYTHON, "-c", THREADS)

    def test_python_spawns(self):
        self.same_as_native(PYTHON, "-c", SPAWN, options=["--fork=1"])

    def test_redis_version(self):
        self.same_as_native("/usr/bin/redis-server", "--version")

    def test_shell_pipeline(self):
        self.same_as_native("/bin/busybox", "sh", "-c", "echo a | cat; exit 3", options=["--fork=1"])

    def test_fork_is_refused_by_default(self):
        done = subprocess.run([RUN, "--", "/bin/busybox", "sh", "-c", "/bin/true; echo $?"], capture_output=True,
                              text=True, timeout=60)
        self.assertIn("SCONE_FORK=1", done.stderr)

    def test_exec_in_place(self):
        self.same_as_native("/bin/busybox", "sh", "-c", "exec /bin/echo replaced")

    def test_hash_is_all_of_stdout_and_depends_on_the_heap(self):
        def measurement(heap):
            return subprocess.run([RUN, "--heap", heap, "--", str(self.folder / "static")], check=True,
                                  capture_output=True, text=True, env=dict(os.environ, SCONE_HASH="1")).stdout
        first = measurement("64M")
        self.assertRegex(first, r"^[0-9a-f]{64}\n$")
        self.assertEqual(first, measurement("64M"))
        self.assertNotEqual(first, measurement("128M"))

    def test_ends_by_signal(self):
        process = subprocess.Popen([RUN, "--", "/bin/sleep", "60"], stderr=subprocess.DEVNULL)
        time.sleep(1.0)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), -signal.SIGTERM)

    def test_missing_program(self):
        done = subprocess.run([RUN, "--", "/does/not/exist"], capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("/does/not/exist", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]], verbosity=2)
