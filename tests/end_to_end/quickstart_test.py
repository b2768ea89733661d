#!/usr/bin/env python3
"""./quickstart from outside, without and with a Docker daemon, in a network namespace of its own.

usage: quickstart_test.py BIN_FOLDER SOURCE_FOLDER [TEST...]
"""
import os, pathlib, re, shutil, signal, socket, ssl, subprocess, sys, tempfile, time, unittest
import http.client

BIN, SOURCE = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
if os.environ.get("SCONE_TEST_NETNS") != "1":
    subprocess.run([SOURCE / "examples/flask/make-native-image", "--fetch"], check=True)
    os.environ["SCONE_TEST_NETNS"] = "1"
    os.execvp("unshare", ["unshare", "--net", "--mount", sys.executable, *sys.argv])
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)

SESSION = "my-workflow-namespace-1/my-flask-session"
PORTS = (8081, 18765, 18766, 4996)
REFUSED = ("one byte of", "an enclave with another heap size", "the simulated processor, by a policy")


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class QuickstartTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="scone-quickstart-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.env = dict(
            os.environ, SCONE_QUICKSTART_DIR=str(cls.folder / "state"), SCONE_BIN=str(BIN),
            SCONE_CACHE=os.environ.get("SCONE_CACHE", os.path.expanduser("~/.cache/scone")),
            DOCKER_HOST=f"unix://{cls.folder}/no-daemon.sock")  # fmt: skip
        cls.start_docker()

    @classmethod
    def start_docker(cls):
        cls.docker_host = f"unix://{cls.folder}/docker.sock"
        daemon = [
            "dockerd", "--host", cls.docker_host, "--bridge=none", "--iptables=false",
            "--ip6tables=false", f"--storage-driver={os.environ.get('SCONE_TEST_DOCKER_STORE', 'vfs')}",
            f"--data-root={cls.folder}/data", f"--exec-root={cls.folder}/exec",
            f"--pidfile={cls.folder}/dockerd.pid",
        ]  # fmt: skip
        log = open(cls.folder / "dockerd.log", "w")
        cls.addClassCleanup(log.close)
        cls.daemon = subprocess.Popen(daemon, stdout=log, stderr=log)
        cls.addClassCleanup(cls.stop_docker)
        for _ in range(240):
            if cls.docker("version", check=False).returncode == 0:
                return
            time.sleep(0.25)
        raise AssertionError((cls.folder / "dockerd.log").read_text()[-3000:])

    @classmethod
    def docker(cls, *words, check=True):
        return subprocess.run(["docker", "--host", cls.docker_host, *words], check=check,
                              capture_output=True, text=True, timeout=60)

    @classmethod
    def stop_docker(cls):
        cls.daemon.terminate()
        try:
            cls.daemon.wait(60)
        except subprocess.TimeoutExpired:
            cls.daemon.kill()
            cls.daemon.wait()

    def quickstart(self, *options, **changes):
        return subprocess.run([SOURCE / "quickstart", *options], env=dict(self.env, **changes),
                              cwd=self.folder, capture_output=True, text=True, timeout=800)

    def check_shown(self, result):
        self.assertEqual(result.returncode, 0, result.stderr + result.stdout)
        lines = result.stdout.splitlines()
        self.assertIn(SESSION, lines)
        self.assertIn('{"name":"Ada"}', lines)
        shown = [line for line in lines if line.startswith("refused: ")]
        self.assertEqual(len(shown), len(REFUSED), shown)
        for line, wanted in zip(shown, REFUSED):
            self.assertIn(wanted, line)

    def running(self):
        """Ports that answer, and processes that run in the state's folder."""
        running = [port for port in PORTS if answers(port)]
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{pid}/cwd").startswith(self.env["SCONE_QUICKSTART_DIR"]):
                    running.append(pathlib.Path(f"/proc/{pid}/cmdline").read_bytes())
            except OSError:
                pass  # it ended meanwhile
        return running

    def check_nothing_runs(self):
        self.assertEqual(self.running(), [])

    def ask(self):
        context = ssl.create_default_context(cafile=self.folder / "state/native-flask.tls/flask.crt")
        connection = http.client.HTTPSConnection("localhost", 4996, context=context, timeout=60)
        connection.request("GET", "/")
        return connection.getresponse().read()

    def test_with_oci_folders(self):
        result = self.quickstart()
        self.check_shown(result)
        self.assertIn("no Docker daemon answers", result.stderr)
        self.check_nothing_runs()

    def test_a_second_run_makes_nothing_again(self):
        self.check_shown(self.quickstart())
        native = self.folder / "state/native-flask/index.json"
        made = native.stat().st_mtime_ns
        self.check_shown(self.quickstart())
        self.assertEqual(native.stat().st_mtime_ns, made)
        self.check_nothing_runs()

    def test_with_docker_left_running(self):
        result = self.quickstart("--keep", DOCKER_HOST=self.docker_host)
        self.check_shown(result)
        self.assertIn("native-flask of the Docker daemon", result.stderr)
        running = self.docker("ps", "--format", "{{.Image}} {{.Networks}}").stdout
        self.assertEqual(running, "encrypted-flask host\n")
        self.assertIn(b"hello from the native image", self.ask())
        images = self.docker("images", "--format", "{{.Repository}}").stdout.split()
        self.assertEqual(sorted(images), ["encrypted-flask", "native-flask"])
        stop = re.search(r"^stop it:  kill ([0-9 ]+)$", result.stdout, re.M)
        for pid in stop[1].split():
            os.kill(int(pid), signal.SIGTERM)
        end = time.time() + 120
        while time.time() < end and self.running():
            time.sleep(0.2)
        self.check_nothing_runs()
        self.assertEqual(self.docker("ps", "-aq").stdout, "")

    def test_a_port_in_use_is_one_clear_error(self):
        with socket.create_server(("127.0.0.1", 8081)):
            result = self.quickstart()
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr.strip(),
                         "quickstart: port 8081 is in use; stop what listens there first")
        self.check_nothing_runs()

    def test_a_service_that_does_not_start_is_named(self):
        broken = self.folder / "broken"
        broken.mkdir()
        for program in BIN.iterdir():
            (broken / program.name).symlink_to(program)
        (broken / "scone-las").unlink()
        (broken / "scone-las").write_text("#!/bin/sh\necho the reason >&2\nexit 3\n")
        (broken / "scone-las").chmod(0o755)
        result = self.quickstart(SCONE_BIN=str(broken))
        self.assertEqual(result.returncode, 1)
        self.assertIn("the reason\nquickstart: scone-las ended\n", result.stderr)
        self.check_nothing_runs()

    def test_an_unknown_option_is_a_wrong_call(self):
        result = self.quickstart("--kepe")
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("unknown option '--kepe'", result.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
