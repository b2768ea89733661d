#!/usr/bin/env python3
"""The main job from outside: a native Flask image is converted, attested, served, and what must be
refused is refused. Runs in a network namespace of its own, so that default ports are free.

usage: flask_test.py BIN_FOLDER SOURCE_FOLDER
"""
import contextlib, http.client, os, pathlib, shutil, signal, socket, ssl, subprocess, sys
import tempfile, threading, time, unittest

BIN, SOURCE = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
if os.environ.get("SCONE_TEST_NETNS") != "1":
    subprocess.run([SOURCE / "examples/flask/make-native-image", "--fetch"], check=True)
    os.environ["SCONE_TEST_NETNS"] = "1"
    os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)

SESSION = "my-workflow-namespace-1/my-flask-session"
sys.path.insert(0, str(SOURCE / "examples/flask"))
sys.dont_write_bytecode = True
from count_plaintext import count_plaintext  # noqa: E402


def wait_for(port, process, log, seconds=60):
    end = time.time() + seconds
    while time.time() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise AssertionError(f"port {port} does not answer:\n{pathlib.Path(log).read_text()[-3000:]}")


class FlaskTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="scone-flask-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cache = os.environ.get("SCONE_CACHE", os.path.expanduser("~/.cache/scone"))
        cls.env = dict(os.environ, HOME=str(cls.folder), SCONE_CACHE=cache)
        subprocess.run([SOURCE / "examples/flask/make-native-image", "native-flask"], cwd=cls.folder,
                       env=cls.env, check=True)
        cls.cas = cls.start("cas", "scone-cas", "--allow-simulation", "--state", "cas", "--listen-api",
                            "127.0.0.1:8081", "--listen-enclave", "127.0.0.1:18765")
        cls.las = cls.start("las", "scone-las", "--listen", "127.0.0.1:18766", "--state", "las")
        wait_for(8081, cls.cas, cls.folder / "cas.log")
        wait_for(18766, cls.las, cls.folder / "las.log")
        cls.converted = cls.convert("encrypted-flask", "1G", "--allow-debug-mode", "--verify")

    @classmethod
    def start(cls, name, program, *arguments):
        with open(cls.folder / f"{name}.log", "w") as log:
            process = subprocess.Popen([BIN / program, *arguments], cwd=cls.folder, env=cls.env,
                                       stdout=log, stderr=subprocess.STDOUT)
        cls.addClassCleanup(cls.stop, process)
        return process

    @staticmethod
    def stop(process):
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @classmethod
    def convert(cls, to, heap, *more, name="my-flask-session"):
        return subprocess.run(
            [BIN / "sconify_image", "--from=oci:native-flask", f"--to=oci:{to}",
             "--binary=/usr/bin/python3.11", "--dir=/app", "--dir=/tls", "--cas=localhost",
             "--las=localhost:18766", "--service-name=my-flask-service", f"--name={name}",
             "--namespace=my-workflow-namespace-1", "--create-namespace", f"--heap={heap}", "--stack=4M",
             "--dlopen=1", "--cas-debug", *more],
            cwd=cls.folder, env=cls.env, check=True, stdout=subprocess.PIPE, text=True, timeout=120).stdout

    def serve(self, image="encrypted-flask", *options):
        log = open(self.folder / "service.log", "w")
        self.addCleanup(log.close)
        process = subprocess.Popen([BIN / "scone", "run", *options, f"oci:{image}"], cwd=self.folder,
                                   env=self.env, stdout=log, stderr=subprocess.STDOUT)
        self.addCleanup(self.stop, process)
        wait_for(4996, process, log.name)
        return process

    def refused(self, text, image="encrypted-flask", *options):
        done = subprocess.run([BIN / "scone", "run", *options, f"oci:{image}"], cwd=self.folder,
                              env=self.env, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 134, done.stderr)
        self.assertIn(text, done.stderr)
        self.assertNotIn("5f0d3a61c2e94b7788", done.stdout + done.stderr)

    def connection(self):
        context = ssl.create_default_context(cafile=self.folder / "native-flask.tls/flask.crt")
        return http.client.HTTPSConnection("localhost", 4996, context=context, timeout=60)

    def test_prints_the_session_and_nothing_else(self):
        self.assertEqual(self.converted, SESSION + "\n")

    def test_serves_under_load_and_ends_on_sigterm(self):
        service = self.serve()
        failures = []

        def ask(count, body):
            try:
                connection = self.connection()
                for _ in range(count):
                    connection.request("POST", "/echo", body)
                    if connection.getresponse().read() != body:
                        failures.append("another body came back")
            except Exception as error:  # reported below, in the main thread
                failures.append(repr(error))

        def all_at_once(connections, count, body):
            threads = [threading.Thread(target=ask, args=(count, body)) for _ in range(connections)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        all_at_once(8, 125, b"x" * 100)
        all_at_once(2, 5, os.urandom(1 << 20))
        vanishing = ssl.create_default_context(cafile=self.folder / "native-flask.tls/flask.crt").wrap_socket(
            socket.create_connection(("localhost", 4996)), server_hostname="localhost")
        vanishing.send(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nabc")
        os.close(vanishing.detach())
        all_at_once(1, 5, b"after")
        self.assertEqual(failures, [])
        service.send_signal(signal.SIGTERM)
        self.assertEqual(service.wait(60), 0)  # rest_api.py exits with 0 on SIGTERM

    def test_many_handshakes_are_all_right(self):
        self.serve()
        failures = []

        def shake():
            for _ in range(15):
                try:
                    self.connection().connect()
                except Exception as error:
                    failures.append(repr(error))

        threads = [threading.Thread(target=shake) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])

    def test_no_plaintext_in_any_blob(self):
        key = self.folder / "native-flask.tls/flask.key"
        self.assertGreater(count_plaintext(self.folder / "native-flask", key), 0)
        self.assertEqual(count_plaintext(self.folder / "encrypted-flask", key), 0)

    def test_one_changed_byte_is_refused(self):
        for path in ("usr/lib/python3.11/json/decoder.py", "fspf/encrypted-files/app/rest_api.py", "fspf/fs.fspf"):
            with self.subTest(path):
                subprocess.run([sys.executable, SOURCE / "examples/flask/tamper.py", "encrypted-flask",
                                "tampered", path], cwd=self.folder, check=True)
                self.refused("[SCONE|FATAL]", "tampered")

    def test_another_measurement_is_refused(self):
        self.convert("other-heap", "512M", "--allow-debug-mode", "--disable-session-upload", "--session=other.yml")
        self.refused("Unexpected enclave measurement", "other-heap", "-e",
                     f"SCONE_CONFIG_ID={SESSION}/my-flask-service", "-e", "SCONE_CAS_ADDR=localhost",
                     "-e", "SCONE_LAS_ADDR=localhost:18766")

    def test_a_strict_policy_refuses_the_simulated_processor_and_names_the_option(self):
        self.convert("strict", "1G", name="strict-session")
        self.refused("(sconify_image writes it for --allow-debug-mode)", "strict")

    def test_missing_services_are_named(self):
        self.refused("LAS", "encrypted-flask", "-e", "SCONE_LAS_ADDR=localhost:1")
        self.refused("CAS", "encrypted-flask", "-e", "SCONE_CAS_ADDR=localhost:1")

    def test_another_cas_than_the_pinned_one(self):
        self.refused("CAS is not the pinned one", "encrypted-flask", "-e",
                     "SCONE_CAS_KEY_HASH=3s1pm8W6Be6cxvAQRbRP5YXd9YuERAr7KswN97uGtoPkRW87x1")

    def test_unknown_session(self):
        self.refused("does not exist", "encrypted-flask", "-e", "SCONE_CONFIG_ID=nobody/service")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]], verbosity=2)
