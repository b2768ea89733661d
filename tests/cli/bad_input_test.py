#!/usr/bin/env python3
"""What every program says to wrong input: one clear message, the exit code of the table, nothing half written.

usage: bad_input_test.py BIN_FOLDER
"""
import os, pathlib, shutil, socket, subprocess, sys, tempfile, unittest

BIN = pathlib.Path(sys.argv[1]).resolve()
if os.environ.get("SCONE_TEST_NETNS") != "1":
    os.environ["SCONE_TEST_NETNS"] = "1"
    os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)

FAILED, USAGE, INVALID, NOT_FOUND, UNREACHABLE, DENIED, CONFLICT, UNSUPPORTED, FATAL = 1, 2, 3, 4, 5, 7, 9, 10, 134
CONVERT = ("sconify_image", "--to=oci:out", "--binary=/bin/busybox", "--disable-session-upload")

# (exit code, words of the message, command)
CASES = [
    # options
    (USAGE, "unknown option '--sate'; did you mean --state?", "scone-cas", "--sate=x"),
    (USAGE, "unknown option '--lisen'; did you mean --listen?", "scone-las", "--lisen=x"),
    (USAGE, "unknown option '--form'; did you mean --from?", "sconify_image", "--form=oci:x"),
    (USAGE, "unknown option '--haep'; did you mean --heap?", "scone-run", "--haep=1G", "/bin/true"),
    (USAGE, "unknown option '--retrys'; did you mean --retries?", "scone", "session", "read", "x", "--retrys=1"),
    (USAGE, "unknown command 'sesion'; did you mean 'session'?", "scone", "sesion", "read"),
    (USAGE, "option '--state' needs a value (DIR)", "scone-cas", "--state"),
    (USAGE, "option '--state' needs a value (DIR)", "scone-las", "--state="),
    (USAGE, "option '--heap' needs a value (SIZE)", "scone-run", "--heap="),
    (USAGE, "option '--from' is missing", "sconify_image", "--to=oci:x"),
    (USAGE, "argument PROGRAM is missing", "scone-run"),
    (USAGE, "argument NAME is missing", "scone", "session", "read"),
    (USAGE, "unexpected argument 'x'", "scone-cas", "x"),
    (USAGE, "takes no value, got 'yes'", "scone-cas", "--allow-simulation=yes"),
    (USAGE, "expects one of auto|hw|sim, got 'fast'", "scone-las", "--mode=fast"),
    (USAGE, "expects one of 0|1, got '2'", "scone-run", "--fork=2", "/bin/true"),
    (USAGE, "expected hw, sim or auto, got 'fast'", "scone-run", "--mode=fast", "/bin/true"),
    (USAGE, "expects a size such as 64M or 1G, got 'lots'", *CONVERT, "--from=oci:x", "--heap=lots"),
    (USAGE, "expects a number, got 'many'", "scone-cas", "--connections-per-second=many"),
    (UNSUPPORTED, "option '--volume' is not supported yet", *CONVERT, "--from=oci:x", "--volume=v"),
    # options that do not go together
    (USAGE, "expected one of --encrypted, --authenticated and --not-protected", "scone", "fspf", "addr", "new.fspf", "/",
     "-a", "-e", "--kernel", "/"),
    (USAGE, "--only_for_testing-trust-any needs --only_for_testing-debug", "scone", "cas", "attest", "localhost:1",
     "--only_for_testing-trust-any"),
    (USAGE, "--mrsigner, --isvprodid and --isvsvn belong together", "scone", "cas", "attest", "localhost:1",
     "--mrsigner=00"),
    (USAGE, "--to=oci:./folder/ would replace the native image", "sconify_image", "--from=oci:folder",
     "--to=oci:./folder/", "--binary=/bin/busybox", "--disable-session-upload"),
    (USAGE, "--to=repo/app:latest would replace the native image", "sconify_image", "--from=repo/app",
     "--to=repo/app:latest", "--binary=/bin/busybox", "--disable-session-upload"),
    # addresses
    (USAGE, "option '--listen-api': 'here:http' is not an address", "scone-cas", "--listen-api=here:http"),
    (USAGE, "option '--listen': 'not:a:host' is not an address", "scone-las", "--listen=not:a:host"),
    (USAGE, "'not:a:host' is not an address", "scone", "cas", "attest", "not:a:host"),
    (UNREACHABLE, "cannot reach localhost:1: Connection refused", "scone", "cas", "attest", "localhost:1", "--retries=0"),
    (CONFLICT, "port 8081 is already in use", "scone-cas", "--state=cas", "--listen-api=127.0.0.1:8081"),
    (CONFLICT, "port 8081 is already in use", "scone-las", "--state=las", "--listen=127.0.0.1:8081"),
    # files
    (NOT_FOUND, "there is no file 'none.toml'", "scone-cas", "-c", "none.toml"),
    (INVALID, "unknown key 'api_lisen'", "scone-cas", "-c", "wrong.toml"),
    (FAILED, "Not a directory", "scone-cas", "--state=text"),
    (FAILED, "Not a directory", "scone-las", "--state=text", "--listen=127.0.0.1:0"),
    (NOT_FOUND, "cannot open 'none.yml': No such file or directory", "scone", "session", "create", "none.yml"),
    (INVALID, "text:2:1: not YAML", "scone", "session", "check", "text"),
    (NOT_FOUND, "cannot read 'none': No such file or directory", "scone", "fspf", "show", "none"),
    (INVALID, "cannot open 'text': expected a header page", "scone", "fspf", "show", "text"),
    (INVALID, "'folder' is a folder, expected the state file of scone", "scone", "-c", "folder", "self", "show"),
    (DENIED, "'open.json' holds a private key, but others may use it", "scone", "-c", "open.json", "self", "show"),
    (NOT_FOUND, "cannot read argument file 'none'", "scone", "@none"),
    (NOT_FOUND, "'folder' is not an OCI image folder", *CONVERT, "--from=oci:folder"),
    (NOT_FOUND, "'folder' is not an OCI image folder", "scone", "run", "oci:folder"),
    (INVALID, "'docker-archive:text' is not a docker archive", *CONVERT, "--from=docker-archive:text"),
    (UNREACHABLE, "no Docker daemon at", *CONVERT, "--from=nowhere"),
    # what scone-run cannot start
    (FATAL, "program 'none' is not in PATH", "scone-run", "none"),
    (FATAL, "program './text' is not an executable file", "scone-run", "./text"),
    (FATAL, "script interpreter '/nowhere' is not an executable file", "scone-run", "./script"),
    (FATAL, "cannot read none: No such file or directory", "scone-run", "--image=none", "/bin/true"),
    (FATAL, "the enclave image is not usable: no ELF magic", "scone-run", "--image=text", "/bin/true"),
]  # fmt: skip


class BadInputTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="scone-bad-input-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        (self.folder / "home").mkdir()
        (self.folder / "folder").mkdir()
        (self.folder / "text").write_text("x: [\n")
        (self.folder / "wrong.toml").write_text('[api]\napi_lisen = "x:1"\n')
        (self.folder / "open.json").write_text("{}")
        (self.folder / "open.json").chmod(0o644)
        (self.folder / "script").write_text("#!/nowhere\n")
        (self.folder / "script").chmod(0o755)
        self.env = dict(os.environ, HOME=str(self.folder / "home"), NO_COLOR="1", LANG="C",
                        DOCKER_HOST=f"unix://{self.folder}/no-daemon.sock")  # fmt: skip
        listener = socket.create_server(("127.0.0.1", 8081))
        self.addCleanup(listener.close)

    def found(self):
        return {path for path in self.folder.rglob("*") if "home" not in path.parts and path.suffix != ".lock" and path.is_file()}

    def check(self, code, words, program, *arguments):
        before = self.found()
        done = subprocess.run([BIN / program, *arguments], cwd=self.folder, env=self.env, capture_output=True,
                              text=True, timeout=60, stdin=subprocess.DEVNULL)  # fmt: skip
        said = [line for line in done.stderr.splitlines() if not line.startswith(("[1/9] ", "scone-cas: WARNING"))]
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        self.assertIn(words, done.stderr)
        log = program == "scone-las" and code == CONFLICT  # it has said by then who it is
        self.assertLessEqual(len([line for line in said if not (log and " INFO " in line)]), 3, done.stderr)
        new = {path.relative_to(self.folder).parts[0] for path in self.found() - before}
        self.assertLessEqual(new, {"cas", "las"} if code == CONFLICT else set())

    def test_each_is_one_clear_message(self):
        for case in CASES:
            with self.subTest(" ".join(case[2:])):
                self.check(*case)

    def test_a_port_of_another_service_is_named(self):
        command = [BIN / "scone-cas", f"--state={self.folder}/state", "--listen-api=127.0.0.1:8082",
                   "--listen-enclave=127.0.0.1:8083", "--listen-metrics=127.0.0.1:8084"]  # fmt: skip
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait, 30)
        self.addCleanup(server.terminate)
        while "enclave port is listening" not in server.stdout.readline():
            self.assertIsNone(server.poll())
        for port, words in ((8083, "instead of an answer"), (8084, "TLS: ")):
            with self.subTest(port):
                self.check(UNREACHABLE, words, "scone", "cas", "attest", f"localhost:{port}", "--retries=0")

    def test_what_may_not_be_written_is_denied(self):
        closed = self.folder / "closed"
        closed.mkdir(mode=0o755)
        os.chown(closed, 0, 0)
        self.folder.chmod(0o755)
        (closed / "secret").write_text("x")
        (closed / "secret").chmod(0o600)
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        for program, more in (("scone-cas", ()), ("scone-las", ("--listen=127.0.0.1:0",))):
            done = subprocess.run([*nobody, BIN / program, f"--state={closed}/state", *more], env=self.env,
                                  capture_output=True, text=True, timeout=60)  # fmt: skip
            self.assertEqual(done.returncode, DENIED, done.stderr)
            self.assertIn("Permission denied", done.stderr)
            self.assertIn("choose a folder that", done.stderr)
        done = subprocess.run([*nobody, BIN / "scone", f"--output={closed}/out", "version"], env=self.env,
                              capture_output=True, text=True, timeout=60)  # fmt: skip
        self.assertEqual(done.returncode, DENIED, done.stderr)
        done = subprocess.run([*nobody, BIN / "scone", "fspf", "show", closed / "secret"], env=self.env,
                              capture_output=True, text=True, timeout=60)  # fmt: skip
        self.assertEqual(done.returncode, DENIED, done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
