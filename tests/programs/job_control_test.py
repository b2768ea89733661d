#!/usr/bin/env python3
"""Job control: an interactive shell on a terminal of its own, natively and in the enclave, sees and does the same.

Runs in a PID namespace of its own: signals to groups reach nobody else.

usage: job_control_test.py BIN_FOLDER
"""
import os, pty, re, select, signal, subprocess, sys, time

if os.environ.get("SCONE_TEST_PIDNS") != "1":
    os.environ["SCONE_TEST_PIDNS"] = "1"
    os.execvp("unshare", ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, *sys.argv])

from under_scone import MODES, RUN, ProgramTest, environment, main

PROMPT = "ready> "


class Terminal:
    """A shell on a pseudo-terminal: what is typed, and what is to be seen before it goes on."""

    def __init__(self, prefix, command, folder, **more):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", *prefix, *command], stdin=slave, stdout=slave, stderr=slave, cwd=folder,
            env=environment(PS1=PROMPT, TERM="dumb", HOME=str(folder), **more))
        os.close(slave)
        self.seen, self.at = "", 0

    def wait_for(self, pattern, seconds=60):
        """The text up to and with the pattern, from where the last wait ended."""
        end = time.monotonic() + seconds
        while True:
            match = re.compile(pattern).search(self.seen, self.at)
            if match:
                self.at = match.end()
                return match
            if time.monotonic() > end:
                raise AssertionError(f"no {pattern!r} in {self.seen[self.at:]!r}; before: {self.seen[:self.at]!r}")
            if select.select([self.master], [], [], 1)[0]:
                try:
                    self.seen += os.read(self.master, 65536).decode(errors="replace")
                except OSError:
                    self.seen += "(end)"
                    time.sleep(0.1)

    def type(self, text):
        os.write(self.master, text.encode())

    def line(self, text):
        """Types a line at the prompt; what it prints before the next prompt."""
        self.type(text + "\n")
        self.wait_for(re.escape(text) + "\r\n")
        begin = self.at
        match = self.wait_for(re.escape(PROMPT))
        return self.seen[begin:match.start()].replace("\r", "")

    def wait_for_foreground(self, of_shell):
        """Until the terminal is the shell's, or somebody else's: keys go to whoever has it."""
        end = time.monotonic() + 60
        while (os.tcgetpgrp(self.master) == self.shell) != of_shell:
            if time.monotonic() > end:
                raise AssertionError(f"the terminal is not passed on after {self.seen!r}")
            time.sleep(0.01)

    def close(self):
        self.process.send_signal(signal.SIGHUP)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.master)


def session(terminal):
    """What a person does; each step's outcome."""
    steps = []
    terminal.wait_for(re.escape(PROMPT))
    terminal.shell = os.tcgetpgrp(terminal.master)
    # Ctrl-Z stops the foreground job and the shell has the terminal again.
    terminal.type("sh -c 'echo up; exec sleep 1000'\n")
    terminal.wait_for("\nup\r\n")
    terminal.type("\x1a")
    terminal.wait_for(r"Stopped.*\n")
    terminal.wait_for(re.escape(PROMPT))
    steps.append(terminal.line("echo status $?"))
    steps.append(terminal.line("jobs"))
    # In the background it runs; in the foreground Ctrl-C reaches it and not the shell.
    steps.append(terminal.line("bg >/dev/null; jobs"))
    terminal.type("fg\n")
    terminal.wait_for("sleep 1000['\"]\r\n")
    terminal.wait_for_foreground(of_shell=False)
    terminal.type("\x03")
    terminal.wait_for(re.escape(PROMPT))
    steps.append(terminal.line("echo status $?"))
    # A background job that reads from the terminal is stopped.
    terminal.type("cat &\n")
    terminal.wait_for(re.escape(PROMPT))
    for _ in range(100):
        if "Stopped" in terminal.line("jobs"):
            break
        time.sleep(0.1)
    steps.append(terminal.line("jobs"))
    terminal.type("fg\n")
    terminal.wait_for("cat\r\n")
    terminal.type("typed\n")
    terminal.wait_for("typed\r\ntyped\r\n")
    terminal.type("\x04")
    terminal.wait_for(re.escape(PROMPT))
    steps.append(terminal.line("echo status $?"))
    # One that writes is, where the terminal is set so.
    terminal.line("stty tostop")
    terminal.type("echo loud &\n")
    terminal.wait_for(re.escape(PROMPT))
    for _ in range(100):
        if "Stopped" in terminal.line("jobs"):
            break
        time.sleep(0.1)
    terminal.type("fg\n")
    terminal.wait_for("echo loud\r\nloud\r\n")
    terminal.wait_for(re.escape(PROMPT))
    terminal.line("stty -tostop")
    # A pipeline is one group: all of it stops and goes on.
    terminal.type("(echo first; sleep 1000) | (cat; echo last)\n")
    terminal.wait_for("\nfirst\r\n")
    terminal.type("\x1a")
    terminal.wait_for(r"Stopped.*\n")
    terminal.wait_for(re.escape(PROMPT))
    terminal.type("fg\n")
    terminal.wait_for(r"echo last ?\)\r\n")
    terminal.wait_for_foreground(of_shell=False)
    terminal.type("\x03")
    terminal.wait_for(re.escape(PROMPT))
    steps.append(terminal.line("jobs; echo gone"))
    # Ctrl-\ ends with a core's signal, a program that ignores Ctrl-C goes on, a trap runs.
    terminal.type("sh -c 'trap \"\" INT; echo deaf; sleep 1; echo still'\n")
    terminal.wait_for("\ndeaf\r\n")
    terminal.wait_for_foreground(of_shell=False)
    terminal.type("\x03")
    terminal.wait_for("still\r\n")
    terminal.wait_for(re.escape(PROMPT))
    terminal.type("sh -c 'trap \"echo caught; exit 9\" INT; echo listens; while :; do sleep 0.1; done'\n")
    terminal.wait_for("\nlistens\r\n")
    terminal.wait_for_foreground(of_shell=False)
    terminal.type("\x03")
    terminal.wait_for("caught\r\n")
    terminal.wait_for(re.escape(PROMPT))
    steps.append(terminal.line("echo status $?"))
    steps.append(terminal.line("set -o | grep monitor"))
    terminal.type("exit 3\n")
    steps.append(terminal.process.wait(60))
    # Positions of jobs' columns and the word after the first are the shell's own affair.
    return [re.sub(r" +", " ", step) if isinstance(step, str) else step for step in steps]


class JobControl(ProgramTest):
    def run_session(self, prefix, command, **more):
        folder = self.built / "run"
        folder.mkdir(exist_ok=True)
        terminal = Terminal(prefix, command, folder, **more)
        try:
            return session(terminal)
        finally:
            terminal.close()

    def same(self, *command):
        wanted = self.run_session([], command)
        self.assertEqual(wanted[-1], 3)
        for mode in MODES:
            with self.subTest(command=command, rewrite=mode):
                self.assertEqual(self.run_session([RUN, *self.options, "--"], command, SCONE_REWRITE=mode), wanted)

    def test_bash(self):
        self.same("/bin/bash", "--norc", "--noprofile", "--noediting", "-i")

    def test_dash(self):
        self.same("/bin/dash", "-i")


if __name__ == "__main__":
    main()
