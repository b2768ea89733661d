"""Runs test cases of CPython's own suite and reports each in a file; started by python_suite.py.

usage: python_cases.py REPORT MODULE [CASES_FILE]
"""
import faulthandler, os, sys, time, traceback, unittest

report_path, module = sys.argv[1:3]
only = set(open(sys.argv[3]).read().split()) if len(sys.argv) > 3 else None
del sys.argv[1:]
report = os.open(report_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
owner = os.getpid()


def say(kind, test, detail=""):
    if os.getpid() == owner:  # not from a child that a test forked
        os.write(report, (f"{kind} {test if isinstance(test, str) else test.id()} " +
                          detail.rstrip().replace("\n", "\\n")).encode(errors="replace") + b"\n")


class Reporter(unittest.TestResult):
    def startTest(self, test):
        super().startTest(test)
        self.failed_part = False
        say("start", test)

    def addSuccess(self, test):
        say("pass", test)

    def addFailure(self, test, err):
        say("fail", test, "".join(traceback.format_exception(*err)))

    addError = addFailure

    def addSkip(self, test, reason):
        say("skip", test, str(reason))

    def addExpectedFailure(self, test, err):
        say("skip", test, "fails by design")

    def addUnexpectedSuccess(self, test):
        say("fail", test, "unexpected success")

    def addSubTest(self, test, subtest, err):
        if err is not None:
            say("fail", test, f"{subtest}\n" + "".join(traceback.format_exception(*err)))


def cases(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from cases(test)
        else:
            yield test


def select(suite):
    """The suite with its structure, so that fixtures of classes and modules work."""
    kept = []
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            kept.append(select(test))
        elif only is None or test.id() in only:
            kept.append(test)
    return type(suite)(kept)


from test import support
support.use_resources = ["subprocess"]
support.verbose = 0
faulthandler.enable()
suite = unittest.defaultTestLoader.loadTestsFromName("test." + module)
for test in cases(suite):
    say("plan", test)
try:
    select(suite).run(Reporter())
finally:
    os.write(report, b"end\n")
