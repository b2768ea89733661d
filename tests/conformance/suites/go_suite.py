#!/usr/bin/env python3
"""The tests of Go's standard library (Debian's golang-1.19-src) natively and in the enclave."""
import atexit, os, pathlib, re, shutil, subprocess, tempfile

from suite import Suite

GOROOT = pathlib.Path(subprocess.run(["go", "env", "GOROOT"], capture_output=True, text=True, check=True).stdout.strip())
RESULT = re.compile(r"^--- (PASS|FAIL|SKIP): (\S+)")
STATE = re.compile(r"^=== (RUN|PAUSE|CONT) +(\S+)")
KINDS = {"PASS": "pass", "FAIL": "fail", "SKIP": "skip", "RUN": "start", "CONT": "start", "PAUSE": "wait"}


class GoSuite(Suite):
    """Go's own tests natively and in the enclave."""
    name = "go"

    def prepare(self, module):
        if not hasattr(self, "build"):
            self.build = pathlib.Path(tempfile.mkdtemp(prefix="scone-go-"))
            atexit.register(shutil.rmtree, self.build, ignore_errors=True)
        self.program = self.build / (module.replace("/", "_") + ".test")
        subprocess.run(["go", "test", "-c", "-tags", "timetzdata", "-o", self.program, module], check=True, env=self.build_environment())
        listed = subprocess.run([self.program, "-test.list", "^Test"], capture_output=True, text=True, check=True,
                                cwd=GOROOT / "src" / module, env=self.go_environment()).stdout
        return [line for line in listed.splitlines() if line.startswith("Test")]

    @staticmethod
    def go_environment():
        return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/root"), "LANG": "C.UTF-8",
                "GOCACHE": os.environ.get("GOCACHE", "/tmp/scone-go-cache"), "GOFLAGS": "-vet=off", "GO111MODULE": "off",
                # Cases that call the compiler are skipped: it would only be slow here.
                "GO_GCFLAGS": "none"}

    def build_environment(self):
        return {name: value for name, value in self.go_environment().items() if name != "GO_GCFLAGS"}

    def command(self, module, work, cases):
        return [self.program, "-test.v", "-test.short", "-test.timeout=0", "-test.run", f"^({'|'.join(cases)})$"]

    def environment(self, module, work):
        (work / "tmp").mkdir(exist_ok=True)
        return dict(self.go_environment(), TMPDIR=str(work / "tmp"))

    def folder(self, module, work):
        return GOROOT / "src" / module

    def parse(self, line):
        match = RESULT.match(line) or STATE.match(line)
        if match is None or "/" in match[2]:
            self.recent = (getattr(self, "recent", []) + [line])[-20:]
            return None
        detail, self.recent = "\n".join(getattr(self, "recent", [])), []
        return KINDS[match[1]], match[2], detail


if __name__ == "__main__":
    GoSuite().main()
