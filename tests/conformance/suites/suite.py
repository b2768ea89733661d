"""What the drivers of foreign test suites share: running cases natively and in the enclave, and judging.

A suite is run module by module. A module's cases run natively first; what passes there must pass in the
enclave or stand in the list of expected failures, and a listed case that passes is an error too. A case that
fails or is skipped natively is no duty; the summary counts it. A case that shows no progress for too long is
ended, named, and the others go on without it; so it is with a case that takes the whole process down.
"""
import argparse, dataclasses, fnmatch, os, pathlib, signal, subprocess, sys, tempfile, time

MODES = {"rewritten": "1", "trapped": "0", "mixed": "mixed"}
# Network, process numbers, host name and System V objects of the run's own: nothing outlives it and no port
# is in the way. A session too. Without CAP_SYS_TIME, because some cases set the machine's clock when they can.
NAMESPACES = ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--pid", "--uts", "--ipc", "--fork",
              "--kill-child", "--mount-proc", "setsid", "sh", "-c", 'ip link set lo up; "$@"; exit $?', "sh",
              "setpriv", "--bounding-set", "-sys_time", "--"]


@dataclasses.dataclass
class Outcome:
    status: str  # pass, fail, skip, hang, crash, missing
    detail: str = ""
    seconds: float = 0.0


class Expected:
    """expected_failures/NAME.txt: "MODULE CASE REASON" lines; CASE may hold '*'."""

    def __init__(self, path):
        self.path, self.rows = path, []
        for line in path.read_text().splitlines():
            if not line.strip() or line.startswith("#"):
                continue
            words = line.split(maxsplit=2)
            if len(words) < 3:
                sys.exit(f"{path.name}: '{line}' gives no reason")
            self.rows.append(words)

    def reason(self, module, case):
        for row_module, row_case, reason in self.rows:
            if row_module == module and fnmatch.fnmatchcase(case, row_case):
                return reason
        return None


def run_watched(command, progress, parse, quiet_seconds, environment, folder, output):
    """Runs to the end or until nothing is reported for quiet_seconds. parse(line) gives (event, case, detail)
    with the events start, wait, pass, fail, skip. Hands back outcomes, the cases under way, and the ending."""
    outcomes, under_way, started, seen = {}, [], {}, 0
    with open(output, "ab") as out:
        process = subprocess.Popen([*NAMESPACES, *map(str, command)], cwd=folder, env=environment, stdout=out,
                                   stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
    last, ending, rest = time.monotonic(), None, ""
    while True:
        ended = process.poll()
        size = progress.stat().st_size if progress.exists() else 0
        if size > seen:
            last = time.monotonic()
            with open(progress, errors="replace") as lines:
                lines.seek(seen)
                text = rest + lines.read()
                seen = lines.tell()
            *whole, rest = text.split("\n")
            for line in whole:
                event = parse(line)
                if event is None:
                    continue
                kind, case, detail = event
                if kind == "start":
                    started[case] = time.monotonic()
                    if case not in under_way:
                        under_way.append(case)
                elif kind == "wait":
                    if case in under_way:
                        under_way.remove(case)
                elif not (case in outcomes and outcomes[case].status == "fail"):
                    outcomes[case] = Outcome(kind, detail, time.monotonic() - started.get(case, last))
                    if case in under_way:
                        under_way.remove(case)
        elif ended is not None:
            return outcomes, under_way, ended
        elif time.monotonic() - last > quiet_seconds:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return outcomes, under_way, "hang"
        time.sleep(0.1)


class Suite:
    """One suite: subclasses say how a module's cases are run and their reports read."""
    name = "?"

    def prepare(self, module):
        """Builds what the module needs. Hands back the case names, or None when they show up by themselves."""
        return None

    def command(self, module, work, cases):
        raise NotImplementedError

    def environment(self, module, work):
        return dict(os.environ)

    def folder(self, module, work):
        return work

    def progress(self, work, output):
        return output

    def parse(self, line):
        raise NotImplementedError

    # -- running -----------------------------------------------------------------------------------------

    def run(self, module, prefix, mode, cases, log):
        """All of a module's cases (or those given), again without the culprit after a hang or a crash."""
        outcomes, todo, rounds = {}, cases, 0
        while True:
            with tempfile.TemporaryDirectory(prefix="scone-suite-") as work:
                work = pathlib.Path(work)
                output = work / "output.log"
                output.touch()
                progress = self.progress(work, output)
                environment = self.environment(module, work)
                if mode is not None:
                    environment.update(SCONE_REWRITE=MODES[mode], SCONE_LOG="ERROR")
                fresh, under_way, ending = run_watched(
                    [*prefix, *self.command(module, work, todo)], progress, self.parse, self.options.quiet_seconds,
                    environment, self.folder(module, work), output)
                planned = self.planned(work) if todo is None else todo
                text = output.read_text(errors="replace")
                details = progress.read_text(errors="replace") if progress != output else ""
            if log is not None:
                with open(log, "a") as file:
                    file.write(f"==== {' '.join(map(str, prefix))} {mode or 'native'}: ended with {ending}\n{text}\n"
                               f"{details}\n")
            outcomes.update(fresh)
            todo = [case for case in planned or [] if case not in outcomes and case not in under_way]
            rounds += 1
            if ending != 0 and under_way:
                status = "hang" if ending == "hang" else "crash"
                for case in under_way:
                    outcomes[case] = Outcome(status, f"ended with {ending}: {text[-1500:]}")
            # A case may take the process down after its own report; the others still have their turn.
            if todo and (fresh or under_way) and rounds < 40:
                continue
            for number, case in enumerate(todo):
                outcomes[case] = Outcome("missing", f"not run; ended with {ending}: {text[-1500:]}" if not number else "")
            return outcomes

    def planned(self, work):
        return None

    def judge(self, module):
        log = None
        if self.options.log:
            pathlib.Path(self.options.log).mkdir(parents=True, exist_ok=True)
            log = pathlib.Path(self.options.log) / f"{self.name}.{module.replace('/', '_')}.log"
            log.unlink(missing_ok=True)
        begin = time.monotonic()
        cases = self.prepare(module)
        if self.options.case:
            cases = self.options.case
        native = self.run(module, [], None, cases, log)
        native_seconds = time.monotonic() - begin
        wanted = [case for case, outcome in native.items() if outcome.status == "pass"]
        others = len(native) - len(wanted)
        bad = 0
        if not wanted:
            print(f"{module}: no case passes natively", *{o.detail for o in native.values()})
            bad += 1
        for mode in self.options.modes.split(","):
            begin = time.monotonic()
            prefix = [self.options.scone_run, "--heap", self.options.heap, "--fork", "1", "--"]
            ours = self.run(module, prefix, mode, wanted, log)
            # A loaded machine breaks cases that count on time; what fails twice is broken.
            again = [case for case in wanted if self.failed(ours, case) and not self.expected.reason(module, case)]
            second = []
            if again:
                retry = self.run(module, prefix, mode, again, log)
                second = [case for case in again if not self.failed(retry, case)]
                ours.update({case: retry.get(case, Outcome("missing", "")) for case in again})
            seconds = time.monotonic() - begin
            expected = 0
            for case in wanted:
                outcome, reason = ours.get(case, Outcome("missing", "no report")), self.expected.reason(module, case)
                if outcome.status == "pass" and reason:
                    print(f"{module} {case}: passes now ({mode}): take it off {self.expected.path.name}")
                    bad += 1
                elif outcome.status == "pass":
                    continue
                elif reason:
                    expected += 1
                else:
                    bad += 1
                    print(f"{module} {case}: {outcome.status} ({mode})\n{indent(outcome.detail)}")
            passed = sum(1 for case in wanted if ours.get(case, Outcome("missing")).status == "pass")
            print(f"{module} {mode}: {passed} of {len(wanted)} pass, {expected} fail as expected; "
                  f"{others} fail or are skipped natively; {native_seconds:.0f} s native, {seconds:.0f} s here")
            for case in second:
                print(f"  at the second try: {case}")
            sys.stdout.flush()
        return bad

    @staticmethod
    def failed(outcomes, case):
        return case not in outcomes or outcomes[case].status != "pass"

    def main(self):
        parser = argparse.ArgumentParser(description=self.__doc__)
        parser.add_argument("scone_run", type=pathlib.Path)
        parser.add_argument("modules", nargs="+")
        parser.add_argument("--modes", default="rewritten", help="comma-separated: " + ", ".join(MODES))
        parser.add_argument("--heap", default="4G")
        parser.add_argument("--quiet-seconds", type=float, default=120, help="no report for so long is a hang")
        parser.add_argument("--log", help="a folder for the whole output of each module")
        parser.add_argument("--case", action="append", help="only this case (repeatable)")
        self.options = parser.parse_args()
        self.options.scone_run = self.options.scone_run.resolve()
        self.expected = Expected(pathlib.Path(__file__).parent.parent / f"expected_failures/{self.name}.txt")
        bad = sum(self.judge(module) for module in self.options.modules)
        sys.exit(1 if bad else 0)


def indent(text, lines=25):
    return "\n".join("    " + line for line in text.rstrip().splitlines()[-lines:])
