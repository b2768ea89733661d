#!/usr/bin/env python3
"""Kinds of executables, and what scone-run itself does.

usage: programs_test.py BIN_FOLDER
"""
import os, signal, subprocess, time
from under_scone import HERE, RUN, ProgramTest, environment, main

KINDS = (("gcc", "static", ["-static"]), ("gcc", "pie", ["-pie", "-fPIE"]), ("gcc", "no-pie", ["-no-pie"]),
         ("gcc", "static-pie", ["-static-pie", "-fPIE"]), ("gcc", "all-bound-at-start", ["-Wl,-z,now,-z,relro"]),
         ("musl-gcc", "musl-static", ["-static"]), ("musl-gcc", "musl-dynamic", []))


class ExecutablesTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for compiler, name, flags in KINDS:
            subprocess.run([compiler, "-O1", *flags, "-o", cls.built / name, HERE / "elf/work.c", "-lm", "-lpthread"],
                           check=True)

    def test_kinds_of_executables(self):
        for _, name, _ in KINDS:
            self.same_as_native(str(self.built / name), "an argument", status=7, SHOWN="yes")

    def test_fork_is_refused_by_default(self):
        done = subprocess.run([RUN, "--", "/bin/busybox", "sh", "-c", "/bin/true; echo $?"], capture_output=True,
                              text=True, timeout=60)
        self.assertIn("SCONE_FORK=1", done.stderr)

    def test_exec_in_place_needs_no_fork(self):
        self.same_as_native("/bin/busybox", "sh", "-c", "exec /bin/echo replaced", options=[])

    def test_hash_is_all_of_stdout_and_depends_on_the_heap(self):
        def measurement(heap):
            return subprocess.run([RUN, "--heap", heap, "--", str(self.built / "static")], check=True,
                                  capture_output=True, text=True, env=dict(os.environ, SCONE_HASH="1")).stdout
        first = measurement("64M")
        self.assertRegex(first, r"^[0-9a-f]{64}\n$")
        self.assertEqual(first, measurement("64M"))
        self.assertNotEqual(first, measurement("128M"))

    def test_ends_by_signal(self):
        process = subprocess.Popen([RUN, "--", "/bin/sleep", "60"], stderr=subprocess.DEVNULL)
        time.sleep(1.0)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), -signal.SIGTERM)

    def test_missing_program(self):
        done = subprocess.run([RUN, "--", "/does/not/exist"], capture_output=True, text=True, timeout=60,
                              env=environment())
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("/does/not/exist", done.stderr)


if __name__ == "__main__":
    main()
