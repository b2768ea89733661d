"""What the tests of programs share: a command runs natively, then in the enclave in three modes, and
status and output must be equal.

usage of a test file: NAME_test.py BIN_FOLDER [unittest arguments]

PROGRAMS_MODES limits the modes, for example PROGRAMS_MODES="1 mixed".
"""
import os, pathlib, re, shutil, subprocess, sys, tempfile, unittest

HERE = pathlib.Path(__file__).parent
RUN = pathlib.Path(sys.argv[1]).resolve() / "scone-run"
MODES = os.environ.get("PROGRAMS_MODES", "1 0 mixed").split()
NATIVE_SECONDS, OUR_SECONDS = 120, 300
OUR_MESSAGES = re.compile(r"^\[SCONE\|.*\n( .*\n)*", re.MULTILINE)


def environment(**more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SCONE_")}
    return dict(kept, LC_ALL="C", PATH="/usr/bin:/bin:/usr/sbin:/sbin", SCONE_LOG="ERROR", **more)


class ProgramTest(unittest.TestCase):
    """Each run gets an empty folder as its working directory, of the same path for native and ours."""
    options = ("--heap", "1G", "--fork", "1")
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory(prefix="scone-programs-")
        cls.addClassCleanup(cls.holder.cleanup)
        cls.built = pathlib.Path(cls.holder.name)

    def run_in(self, folder, prefix, command, seconds, text="", **more):
        try:
            return subprocess.run([*prefix, *command], cwd=folder, capture_output=True, timeout=seconds, text=True,
                                  errors="backslashreplace", input=text, env=environment(**more))
        except subprocess.TimeoutExpired as error:
            partly = "\n".join((part or b"").decode(errors="replace") for part in (error.stdout, error.stderr))
            self.fail(f"still running after {seconds} s: {command}; so far: {partly[-3000:]}")

    def same_as_native(self, *command, options=None, prepare=None, text="", errors=False, status=0, **more):
        """prepare(folder) fills the working directory; errors compares stderr as well."""
        def run(prefix, seconds, **mode):
            folder = self.built / "run"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            if prepare:
                prepare(folder)
            done = self.run_in(folder, prefix, command, seconds, text, **more, **mode)
            return done, (done.returncode, done.stdout, OUR_MESSAGES.sub("", done.stderr) if errors else "")
        native, wanted = run([], NATIVE_SECONDS)
        self.assertEqual(native.returncode, status, native.stdout + native.stderr)
        for mode in MODES:
            with self.subTest(command=command, rewrite=mode):
                ours, got = run([RUN, *(self.options if options is None else options), "--"], OUR_SECONDS,
                                SCONE_REWRITE=mode)
                self.assertEqual(got, wanted, ours.stderr[-3000:])


def main():
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
