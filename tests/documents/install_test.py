#!/usr/bin/env python3
"""`cmake --install` into an empty prefix: what is there runs from there.

usage: install_test.py BUILD_FOLDER SOURCE_FOLDER
"""
import os, pathlib, shutil, subprocess, sys, tempfile, unittest

BUILD, SOURCE = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
os.environ.setdefault("SCONE_TOOL", str(BUILD / "bin/sconify_image"))
sys.dont_write_bytecode = True
sys.path.insert(0, str(SOURCE / "tests/image"))
from images import busybox, small_image  # noqa: E402


class InstallTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="scone-install-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        subprocess.run(["cmake", "--install", BUILD, "--prefix", cls.folder / "usr"], check=True,
                       stdout=subprocess.DEVNULL)
        cls.bin = cls.folder / "usr/bin"
        cls.env = dict(os.environ, HOME=str(cls.folder), XDG_CACHE_HOME=str(cls.folder / "cache"))

    def run_installed(self, *words, status=0):
        done = subprocess.run([self.bin / words[0], *words[1:]], cwd=self.folder, env=self.env, capture_output=True,
                              text=True, timeout=120)  # fmt: skip
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout

    def test_what_is_there(self):
        found = {str(path.relative_to(self.folder / "usr")) for path in (self.folder / "usr").rglob("*")
                 if path.is_file()}  # fmt: skip
        programs = ("scone", "sconify_image", "scone-run", "scone-cas", "scone-las")
        wanted = {f"bin/{name}" for name in programs}
        wanted |= {f"share/bash-completion/completions/{name}" for name in programs}
        wanted |= {f"share/man/man1/{name}.1" for name in programs[:3]}
        wanted |= {f"share/man/man8/{name}.8" for name in programs[3:]}
        wanted |= {f"lib/scone/{name}" for name in ("enclave.img", "starter", "scone-init", "scone-sign-debug")}
        self.assertEqual(found, wanted | {f"share/doc/scone/{name}" for name in ("LICENSE", "README.md", "SECURITY.md")})

    def test_every_program_starts(self):
        for program in self.bin.iterdir():
            self.assertRegex(self.run_installed(program.name, "--version"), r"^\S+ \d+\.\d+\.\d+\n$")

    def test_scone_run_finds_the_runtime_and_signs(self):
        self.assertEqual(self.run_installed("scone-run", "/bin/echo", "from an enclave"), "from an enclave\n")

    def test_an_image_is_converted_and_run(self):
        small_image(str(self.folder / "box"), [{"bin/busybox": (0o755, busybox())}],
                    Cmd=["/bin/busybox", "echo", "native"])  # fmt: skip
        self.run_installed("sconify_image", "--from=oci:box", "--to=oci:out", "--binary=/bin/busybox",
                           "--disable-session-upload", "--session=session.yml", "--cas=localhost", "--cas-debug")
        self.assertIn("native", self.run_installed("scone", "run", "oci:box"))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
