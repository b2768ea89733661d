#!/usr/bin/env python3
"""What may become code: measured files, SCONE_ALLOW_DLOPEN and SCONE_MPROTECT, value by value.

usage: code_rules_test.py BIN_FOLDER
"""
import os, pathlib, re, shutil, subprocess, sys, tempfile, unittest

BIN, HERE = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(__file__).resolve().parent
NOT_MEASURED = "is not executed: it is not among the files that were measured for the start"
NOT_PROTECTED = "is not executed: it lies in no authenticated or encrypted region"
INSECURE = "code that nobody authenticated may be loaded"
CHANGED = "is not the measured one: it was changed after it was measured"


class CodeRulesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="scone-code-rules-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        (cls.folder / "app").mkdir()
        cls.program, cls.library = cls.folder / "app/program", cls.folder / "app/loaded.so"
        cls.linked = cls.folder / "app/liblinked.so"
        for target, source in ((cls.linked, "int linked(void) { return 3; }"),
                               (cls.library, "int loaded(void) { return 4; }")):
            subprocess.run(["gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", target], input=source, text=True,
                           check=True)
        subprocess.run(["gcc", "-O1", "-Wall", "-Werror", HERE / "program.c", "-o", cls.program, "-L",
                        cls.folder / "app", "-llinked", "-Wl,-rpath," + str(cls.folder / "app")], check=True)
        shutil.copy(cls.program, cls.folder / "app/other")
        cls.cache = cls.folder / "cache"

    def run_it(self, *command, options=(), program=None, **environment):
        environment = dict(os.environ, XDG_CACHE_HOME=str(self.cache), HOME=str(self.folder), **environment)
        return subprocess.run([BIN / "scone-run", *options, "--", program or self.program, *map(str, command)],
                              capture_output=True, text=True, timeout=120, env=environment)

    def passes(self, *command, **how):
        done = self.run_it(*command, **how)
        self.assertEqual((done.returncode, done.stdout.split()[:1]), (0, ["done"]), done.stdout + done.stderr)
        return done.stderr

    def refused(self, message, *command, **how):
        done = self.run_it(*command, **how)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, "[Pp]ermission denied|failed to map segment from shared object")
        self.assertIn(message, done.stderr)

    def fatal(self, message, *command, **how):
        done = self.run_it(*command, **how)
        self.assertEqual((done.returncode, done.stdout), (134, ""), done.stderr)
        self.assertIn("[SCONE|FATAL]", done.stderr)
        self.assertIn(message, done.stderr)
        return done.stderr

    def protected(self, source=None, region="--authenticated"):
        """The environment that mounts `app` protected, its content taken from `source`."""
        source = source or self.folder / "app"
        file, fspf = self.folder / "fs.fspf", [BIN / "scone", "fspf"]
        file.unlink(missing_ok=True)
        subprocess.run([*fspf, "create", file], check=True, capture_output=True)
        subprocess.run([*fspf, "addr", file, "/", "-n", "--kernel", "/"], check=True, capture_output=True)
        subprocess.run([*fspf, "addr", file, self.folder / "app", region, "--kernel", source], check=True,
                       capture_output=True)
        subprocess.run([*fspf, "addr", file, "/memory", "-a", "--ephemeral"], check=True, capture_output=True)
        subprocess.run([*fspf, "addf", file, self.folder / "app", source], check=True, capture_output=True)
        text = subprocess.run([*fspf, "encrypt", file], check=True, capture_output=True, text=True).stdout
        key, tag = re.search(r"\b[0-9a-f]{64}\b", text)[0], re.search(r"\b[0-9a-f]{32}\b", text)[0]
        return {"SCONE_FSPF": str(file), "SCONE_FSPF_KEY": key, "SCONE_FSPF_TAG": tag}

    # SCONE_ALLOW_DLOPEN

    def test_0_permits_the_measured_files_only(self):
        options = ["--dlopen=0"]
        self.passes("start", options=options)
        self.passes("dlopen", self.linked, options=options)
        self.refused(f"SCONE_ALLOW_DLOPEN=0: {self.library} {NOT_MEASURED}", "dlopen", self.library, options=options)
        self.refused(NOT_MEASURED, "dlopen", self.library, options=options, **self.protected())
        self.refused(NOT_MEASURED, "map-file", self.library, options=options)
        self.refused(NOT_MEASURED, "map-file-late", self.library, options=options)
        self.refused(NOT_MEASURED, "copy", self.library, "/memory/copy.so", options=options, **self.protected())
        self.refused(NOT_MEASURED, "exec", self.folder / "app/other", options=options)
        self.passes("exec", self.program, options=options)

    def test_1_permits_what_the_host_cannot_change(self):
        options = ["--dlopen=1"]
        self.passes("start", options=options)
        self.refused(f"SCONE_ALLOW_DLOPEN=1: {self.library} {NOT_PROTECTED}", "dlopen", self.library, options=options)
        self.refused(NOT_PROTECTED, "exec", self.folder / "app/other", options=options)
        self.refused(NOT_PROTECTED, "copy", self.library, self.folder / "copy.so", options=options)
        stderr = self.passes("dlopen", self.library, options=options, **self.protected())
        self.assertNotIn(INSECURE, stderr)
        self.passes("exec", self.folder / "app/other", options=options, **self.protected())
        self.passes("copy", self.library, "/memory/copy.so", options=options, **self.protected())

    def test_2_permits_anything_and_warns_where_something_is_protected(self):
        options = ["--dlopen=2"]
        self.passes("dlopen", self.library, options=options)
        self.passes("copy", self.library, self.folder / "copy.so", options=options)
        self.passes("exec", self.folder / "app/other", options=options)
        self.assertIn(INSECURE, self.passes("start", options=options, **self.protected()))

    def test_the_default_of_scone_run_is_2_and_help_says_so(self):
        self.passes("dlopen", self.library)
        shown = subprocess.run([BIN / "scone-run", "--help"], check=True, capture_output=True, text=True).stdout
        self.assertRegex(shown, r"(?s)--dlopen=0\|1\|2 .*\(default:\s+2\)\s+\[SCONE_ALLOW_DLOPEN\]")
        self.assertRegex(shown, r"(?s)--mprotect=0\|1 .*\(default:\s+1\)\s+\[SCONE_MPROTECT\]")

    def test_the_variable_does_what_the_option_does(self):
        self.refused(NOT_MEASURED, "dlopen", self.library, SCONE_ALLOW_DLOPEN="0")
        self.refused("SCONE_MPROTECT=0", "anonymous", SCONE_MPROTECT="0")

    # SCONE_MPROTECT

    def test_memory_may_become_code_with_1(self):
        for options in ((), ("--mprotect=1",), ("--mprotect=1", "--dlopen=0")):
            for what in ("anonymous", "anonymous-late", "own-code"):
                self.passes(what, options=options)

    def test_memory_never_becomes_code_with_0(self):
        self.passes("start", options=["--mprotect=0"])
        self.passes("dlopen", self.library, options=["--mprotect=0"])
        for what in ("anonymous", "anonymous-late", "own-code"):
            self.refused("SCONE_MPROTECT=0", what, options=["--mprotect=0"])
        self.refused("SCONE_MPROTECT=0", "map-file-late", self.library, options=["--mprotect=0"])

    # Digests

    def test_a_file_changed_between_measuring_and_loading_is_fatal(self):
        for path in (self.program, self.linked):
            with self.subTest(path):
                self.passes("start")
                # The launcher measures what it remembers of this file; the file is another one.
                entries = [entry for entry in self.cache.rglob("*") if entry.is_file() and
                           entry.read_bytes().startswith(os.fsencode(path) + b"\0")]
                self.assertEqual(len(entries), 1)
                good = entries[0].read_bytes()
                pages = (path.stat().st_size + 4095) // 4096
                for page in (0, 1, pages - 1):
                    at = len(good) - 32 * (pages - page)
                    entries[0].write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
                    stderr = self.fatal(f"The file {path} {CHANGED}", "read", path)
                    self.assertIn(f"SHA-256 of the 4 KiB at {4096 * page} expected ", stderr)
                entries[0].write_bytes(good)
                self.passes("read", path)

    def test_a_file_changed_while_it_is_in_use_is_fatal(self):
        for change in ("byte", "size"):
            with self.subTest(change):
                good = self.linked.read_bytes()
                process = subprocess.Popen(
                    [BIN / "scone-run", "--", self.program, "read-twice", self.linked], stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                    env=dict(os.environ, XDG_CACHE_HOME=str(self.cache), HOME=str(self.folder)))
                try:
                    self.assertEqual(process.stdout.readline(), "read\n")
                    with open(self.linked, "r+b") as file:  # the same file, as a host would
                        if change == "byte":
                            file.seek(len(good) // 2)
                            file.write(bytes([good[len(good) // 2] ^ 1]))
                        else:
                            file.truncate(len(good) - 1)
                    out, err = process.communicate("x", timeout=60)
                    self.assertEqual((process.returncode, out), (134, ""), err)
                    self.assertIn(f"The file {self.linked} is not the measured one", err)
                    self.assertIn(CHANGED, err)
                    self.assertIn("SHA-256 of the 4 KiB at" if change == "byte" else "its size was", err)
                finally:
                    process.kill()
                    process.wait()
                    self.linked.write_bytes(good)

    def test_an_authenticated_tree_with_another_program_is_fatal(self):
        """Who has the tree's key cannot run another program under the same measurement."""
        for name in ("program", "liblinked.so"):
            with self.subTest(name):
                other = self.folder / "elsewhere"
                shutil.rmtree(other, ignore_errors=True)
                shutil.copytree(self.folder / "app", other)
                self.passes("start", **self.protected(other))
                with open(other / name, "ab") as file:
                    file.write(b"x")
                self.fatal(f"The file {self.folder}/app/{name} {CHANGED}", "start", **self.protected(other))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
