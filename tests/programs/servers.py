"""Starts, watches and stops servers under scone-run, for the tests of this folder.

A test file imports this first: it goes on in a network and a process namespace of its own, so that
every port is free and nothing outlives it. SCONE_TEST_MODES chooses the modes (native,1,0,mixed).
"""
import contextlib, functools, os, pathlib, shutil, signal, socket, subprocess, sys, tempfile, time, unittest

BIN = pathlib.Path(sys.argv[1]).resolve()
RUN = BIN / "scone-run"
MODES = os.environ.get("SCONE_TEST_MODES", "1,0,mixed").split(",")

if os.environ.get("SCONE_TEST_SERVERS") != "1":
    os.environ["SCONE_TEST_SERVERS"] = "1"
    os.execvp("unshare", ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
                          sys.executable, *sys.argv])
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def in_every_mode(test):
    """The test runs once for each mode, with a folder and servers of its own."""
    @functools.wraps(test)
    def run(self):
        for mode in MODES:
            with self.subTest(mode=mode):
                self.begin(mode)
                try:
                    test(self)
                except BaseException:
                    self.show_logs()
                    raise
                finally:
                    self.end()
    return run


class ServerTest(unittest.TestCase):
    heap = "512M"

    def begin(self, mode):
        self.mode = mode
        self.servers = []
        self.run_program = RUN
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="scone-servers-"))
        self.folder.chmod(0o755)
        self.cache = os.environ.get("SCONE_CACHE", os.path.expanduser("~/.cache/scone"))

    def copy_product(self):
        """For a user who may not look into the build folder."""
        (self.folder / "product/bin").mkdir(parents=True)
        for name in ("bin/scone-run", "bin/scone-sign-debug", "enclave.img"):
            shutil.copy(BIN.parent / name, self.folder / "product" / name)
        self.run_program = self.folder / "product/bin/scone-run"

    def end(self):
        # In the namespace of this test: whatever the servers left, daemons too.
        assert os.getpid() == 1
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        for server in self.servers:
            server.process.wait(10)
        shutil.rmtree(self.folder, True)

    def show_logs(self):
        for server in self.servers:
            print(f"--- {server.log} ({server.process.poll()})\n{server.text()[-6000:]}", file=sys.stderr)

    def prefix(self, mode=None, heap=None):
        """What stands before a command to run it in this mode; without a shell."""
        mode = mode or self.mode
        if mode == "native":
            return []
        return ["env", f"SCONE_REWRITE={mode}", str(self.run_program), "--heap", heap or self.heap, "--fork", "1", "--"]

    def start(self, *command, user=None, **more):
        server = Server(self, [*self.prefix(), *map(str, command)], user, more)
        self.servers.append(server)
        return server

    def run_here(self, *command, seconds=60, user=None, check=True, **more):
        """A command under the runtime, until it ends; its standard output."""
        return self.run_native(*self.prefix(), *command, seconds=seconds, user=user, check=check, **more)

    def run_native(self, *command, seconds=60, user=None, check=True, **more):
        done = subprocess.run([str(word) for word in (*as_user(user), *command)], text=True, timeout=seconds,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=self.environment(user), cwd=more.pop("cwd", self.folder), **more)
        if check and done.returncode != 0:
            raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout[-3000:]}"
                                 f"\n{done.stderr[-3000:]}")
        return done.stdout

    def environment(self, user):
        env = dict(os.environ, SCONE_CACHE=self.cache)
        if user is not None:
            env.update(HOME=str(self.folder), SCONE_CACHE=str(self.folder / "cache"))
        return env


def as_user(user):
    return ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--"] if user else []


class Server:
    def __init__(self, test, command, user, more):
        self.log = test.folder / f"server-{len(test.servers)}.log"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [*as_user(user), *command], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                env=test.environment(user), cwd=more.pop("cwd", test.folder), start_new_session=True, **more)
        self.pid = self.process.pid

    def text(self):
        return self.log.read_text(errors="replace")

    def wait_until(self, condition, what, seconds=90):
        """Until the condition holds; it may raise OSError meanwhile."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                if condition():
                    return self
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode} before: {what}")
            time.sleep(0.05)
        raise AssertionError(f"not within {seconds} s: {what}")

    def wait_port(self, port, seconds=90):
        def answers():
            socket.create_connection(("127.0.0.1", port), 5).close()
            return True
        return self.wait_until(answers, f"port {port} answers", seconds)

    def wait_socket(self, path, seconds=90):
        def answers():
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(path))
            return True
        return self.wait_until(answers, f"socket {path} answers", seconds)

    def wait_text(self, text, seconds=90):
        return self.wait_until(lambda: text in self.text(), f"the log says {text!r}", seconds)

    def send(self, number):
        self.process.send_signal(number)

    def stop(self, number=signal.SIGTERM, seconds=60):
        """Ends it by a signal; its exit status."""
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def kill(self):
        """Ends the whole process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait(10)


def main():
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
