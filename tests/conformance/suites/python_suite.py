#!/usr/bin/env python3
"""CPython's own test suite (Debian's libpython3.11-testsuite) natively and in the enclave."""
import os, pathlib

from suite import Suite

CASES = pathlib.Path(__file__).resolve().parent / "python_cases.py"
EVENTS = {"start", "pass", "fail", "skip"}


class PythonSuite(Suite):
    """CPython's own test suite natively and in the enclave."""
    name = "python"

    def command(self, module, work, cases):
        command = ["/usr/bin/python3", CASES, self.report(work), module]
        if cases is not None:
            (work / "cases").write_text("\n".join(cases))
            command.append(work / "cases")
        return command

    def environment(self, module, work):
        # Tests write into the working directory and into TMPDIR.
        (work / "tmp").mkdir(exist_ok=True)
        return {"PATH": os.environ["PATH"], "HOME": str(work), "TMPDIR": str(work / "tmp"), "LANG": "C.UTF-8"}

    def folder(self, module, work):
        return work / "tmp"

    @staticmethod
    def report(work):
        return work / "report"

    def progress(self, work, output):
        self.report(work).touch()
        return self.report(work)

    def planned(self, work):
        lines = self.report(work).read_text(errors="replace").splitlines()
        return [line.split()[1] for line in lines if line.startswith("plan ")]

    def parse(self, line):
        kind, _, rest = line.partition(" ")
        if kind not in EVENTS:
            return None
        case, _, detail = rest.partition(" ")
        return kind, case, detail.replace("\\n", "\n")


if __name__ == "__main__":
    PythonSuite().main()
