#!/usr/bin/env python3
"""What a policy brings into an attested service: templates, provided secrets, settings of the runtime; and
what the service tells CAS when it ends. Runs in a network namespace of its own.

usage: session_test.py BIN_FOLDER SOURCE_FOLDER
"""
import contextlib, json, os, pathlib, shutil, socket, subprocess, sys, tempfile, time, unittest

if os.environ.get("SCONE_TEST_NETNS") != "1":
    os.environ["SCONE_TEST_NETNS"] = "1"
    os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)

BIN, SOURCE = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
os.environ.setdefault("SCONE_TOOL", str(BIN / "sconify_image"))
sys.dont_write_bytecode = True
sys.path[:0] = [str(SOURCE / "tests/image"), str(SOURCE / "examples/flask")]
from images import busybox, small_image  # noqa: E402

TEMPLATE = b"""password=$$SCONE::pw$$ json=$$SCONE::quoted|escape(json)$$
key=$$SCONE::key:hex$$ $$SCONE::key:base64$$
$$SCONE::tls:pem$$$$SCONE::cert:crt$$$$SCONE::cert:privatekey$$end
"""

POLICY = """name: $NAMESPACE/$SESSION
version: "0.3.11"
services:
%s
secrets:
  - {name: pw, kind: ascii, value: correct horse}
  - {name: quoted, kind: ascii, value: 'a"b'}
  - {name: key, kind: binary, value: 00ff10}
  - {name: tls, kind: private-key}
  - {name: cert, kind: x509, private_key: tls, common_name: the service}
images:
  - {name: plain_image}
  - {name: template_image, injection_files: [{path: /data/app.conf, permission: 0o640}]}
  - {name: limited_image, injection_files: [/data/app.conf], provide_secrets: [pw]}
  - {name: provided_image, injection_files: [/data/small.conf], provide_secrets: [pw]}
  - {name: clash_image, injection_files: [{path: /data/app.conf, content: 'pw=$$SCONE::pw$$'}]}
  - {name: missing_image, injection_files: [/data/none.conf]}
security:
  attestation: $ATTESTATION
"""
SERVICE = """  - name: %s
    image_name: %s_image
    mrenclaves: [$MRENCLAVE]
    command: %s
    environment: {%s}
    fspf_path: /fspf/fs.fspf
    fspf_key: $SCONE_FSPF_KEY
    fspf_tag: $SCONE_FSPF_TAG
"""
SHOW = ["/bin/busybox", "cat", "/data/app.conf"]


# Two processes and memory that both have.
SHARING = r"""
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void) {
    char* shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        perror("mmap");
        return 3;
    }
    if (fork() == 0) {
        sprintf(shared, "from the child");
        _exit(0);
    }
    wait(NULL);
    puts(shared);
    return 0;
}
"""


def sharing_program():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["gcc", "-O1", "-static", "-x", "c", "-", "-o", f"{folder}/share"], input=SHARING.encode(),
                       check=True)
        return pathlib.Path(folder, "share").read_bytes()


def service(name, image, command, dlopen="1", **settings):
    environment = ", ".join(f'{key}: "{value}"' for key, value in (("SCONE_ALLOW_DLOPEN", dlopen), *settings.items()))
    return SERVICE % (name, image, json.dumps(command), environment)


def shell(script):
    return ["/bin/busybox", "sh", "-c", script]


PIPELINE = shell("echo through | /bin/busybox cat")
SERVICES = "".join((
    service("template", "template", shell("cat /data/app.conf; stat -c 'mode %a' /data/app.conf")),
    service("limited", "limited", SHOW),
    service("provided", "provided", ["/bin/busybox", "cat", "/data/small.conf"]),
    service("clash", "clash", SHOW),
    service("missing", "missing", SHOW),
    service("exit", "plain", shell("exit 7")),
    service("killed", "plain", shell("kill -ABRT $$")),
    service("exec", "plain", ["/bin/busybox", "sh", "-c", "exec /data/busybox echo other"]),
    service("exec-0", "plain", ["/bin/busybox", "sh", "-c", "exec /data/busybox echo other"], "0"),
    service("wrong", "plain", shell("exit 0"), "yes"),
    service("pipe-deny", "plain", PIPELINE, SCONE_PIPE="deny"),
    service("pipe-events", "plain", PIPELINE, SCONE_PIPE="allow-events"),
    service("pipe-wrong", "plain", PIPELINE, SCONE_PIPE="maybe"),
    service("pair-wrong", "plain", PIPELINE, SCONE_SOCKETPAIR="maybe"),
    service("not-shared", "plain", shell("exec /data/share")),
    service("shared", "plain", shell("exec /data/share"), SCONE_SHARED_MEMORY="insecure"),
))  # fmt: skip


def wait_for(port, process, log):
    end = time.time() + 60
    while time.time() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise AssertionError(f"port {port} does not answer:\n{pathlib.Path(log).read_text()[-3000:]}")


class SessionTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="scone-session-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.env = dict(os.environ, HOME=str(cls.folder))
        (cls.folder / "policy.yml").write_text(POLICY % SERVICES)
        small_image(
            str(cls.folder / "box"),
            [{"bin/busybox": (0o755, busybox()), "data/app.conf": (0o600, TEMPLATE),
              "data/small.conf": (0o600, b"only $$SCONE::pw$$\n"), "data/busybox": (0o755, busybox()),
              "data/share": (0o755, sharing_program())}],
            Cmd=["/bin/busybox", "true"],
        )  # fmt: skip
        for name, port, *command in (
            ("cas", 8081, "scone-cas", "--allow-simulation", "--state", "cas", "--listen-api",
             "127.0.0.1:8081", "--listen-enclave", "127.0.0.1:18765"),
            ("las", 18766, "scone-las", "--listen", "127.0.0.1:18766", "--state", "las"),
        ):  # fmt: skip
            log = open(cls.folder / f"{name}.log", "w")
            cls.addClassCleanup(log.close)
            process = subprocess.Popen([BIN / command[0], *command[1:]], cwd=cls.folder, env=cls.env, stdout=log,
                                       stderr=subprocess.STDOUT)
            cls.addClassCleanup(process.wait, 30)
            cls.addClassCleanup(process.terminate)
            wait_for(port, process, log.name)
        subprocess.run(
            [BIN / "sconify_image", "--from=oci:box", "--to=oci:out", "--binary=/bin/busybox", "--dir=/data",
             "--cas=localhost", "--las=localhost:18766", "--namespace=space", "--create-namespace",
             "--name=session", "--fork=1", "--template=policy.yml", "--cas-debug", "--allow-debug-mode"],
            cwd=cls.folder, env=cls.env, check=True, stdout=subprocess.DEVNULL, timeout=120)  # fmt: skip

    def run_service(self, name, *options):
        return subprocess.run(
            [BIN / "scone", "run", "-e", f"SCONE_CONFIG_ID=space/session/{name}", *options, "oci:out"], cwd=self.folder,
            env=self.env, capture_output=True, text=True, timeout=120)  # fmt: skip

    def fatal(self, name, *messages):
        done = self.run_service(name)
        self.assertEqual((done.returncode, done.stdout), (134, ""), done.stderr)
        for message in messages:
            self.assertIn(message, done.stderr)

    def test_secrets_stand_in_a_template_of_the_tree(self):
        done = self.run_service("template")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[:2], ['password=correct horse json=a\\"b', "key=00ff10 AP8Q"])
        self.assertEqual(lines[-2:], ["end", "mode 640"])
        key = done.stdout[done.stdout.index("-----BEGIN PRIVATE"):done.stdout.index("-----BEGIN CERT")]
        self.assertEqual(done.stdout.count(key), 2)  # as the key itself, and as the certificate's

        def public_key(*command, text):
            return subprocess.run(["openssl", *command], input=text, capture_output=True, text=True, check=True).stdout

        certificate = done.stdout[done.stdout.index("-----BEGIN CERT"):]
        self.assertEqual(public_key("pkey", "-pubout", text=key),
                         public_key("x509", "-noout", "-pubkey", text=certificate))

    def test_templates_get_only_what_is_provided(self):
        done = self.run_service("provided")
        self.assertEqual((done.returncode, done.stdout), (0, "only correct horse\n"), done.stderr)
        self.fatal("limited", "Could not make injection file /data/app.conf", "SCONE variable substitution failed",
                   "quoted")

    def test_content_of_the_policy_hides_the_file_with_a_warning(self):
        done = self.run_service("clash")
        self.assertEqual((done.returncode, done.stdout), (0, "pw=correct horse"), done.stderr)
        self.assertIn("Ignoring secret injection file (template) content from /data/app.conf in the file system, "
                      "since the file content is provided in the CAS session already.", done.stderr)

    def test_a_template_that_is_not_there_is_fatal(self):
        self.fatal("missing", "Could not make injection file /data/none.conf", "the image has no such file")

    def exits(self):
        lines = (self.folder / "cas/audit.log").read_text().splitlines()
        return [entry for entry in map(json.loads, lines) if entry["event"] == "service exited"]

    def test_cas_learns_how_the_service_ended(self):
        before = len(self.exits())
        self.assertEqual(self.run_service("exit").returncode, 7)
        self.assertEqual(self.run_service("killed").returncode, 134)
        noted = [(entry["service"], entry["status"], entry["signal"]) for entry in self.exits()[before:]]
        self.assertEqual(noted, [("space/session/exit", "7", "0"), ("space/session/killed", "0", "6")])

    def test_the_policy_decides_what_may_be_loaded(self):
        done = self.run_service("exec")
        self.assertEqual((done.returncode, done.stdout), (0, "other\n"), done.stderr)
        done = self.run_service("exec-0")
        self.assertEqual((done.returncode, done.stdout), (126, ""), done.stderr)
        self.assertIn("SCONE_ALLOW_DLOPEN=0: /data/busybox is not executed", done.stderr)
        self.assertIn("but the service's policy does not", done.stderr)
        self.fatal("wrong", "SCONE_ALLOW_DLOPEN in the policy must be 0, 1 or 2, not 'yes'")

    def test_the_policy_decides_over_pipes_and_the_host_does_not(self):
        done = self.run_service("pipe-events", "-e", "SCONE_PIPE=deny")
        self.assertEqual((done.returncode, done.stdout), (0, "through\n"), done.stderr)
        done = self.run_service("pipe-deny", "-e", "SCONE_PIPE=allow")
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout, "")
        self.assertIn("can't create pipe", done.stderr)
        self.fatal("pipe-wrong", "SCONE_PIPE in the policy must be deny, allow-events or allow")
        self.fatal("pair-wrong", "SCONE_SOCKETPAIR in the policy must be deny, allow-events or allow")

    def test_memory_is_shared_between_processes_only_where_the_policy_says_insecure(self):
        # The host's word does not count.
        for options in ((), ("-e", "SCONE_SHARED_MEMORY=insecure")):
            done = self.run_service("not-shared", *options)
            self.assertEqual((done.returncode, done.stdout), (3, ""), done.stderr)
            self.assertIn("mmap: Operation not permitted", done.stderr)
            self.assertIn("Set SCONE_SHARED_MEMORY=insecure in the environment of the service's policy", done.stderr)
        for _ in range(2):  # it warns at each run
            done = self.run_service("shared")
            self.assertEqual((done.returncode, done.stdout), (0, "from the child\n"), done.stderr)
            self.assertIn("[SCONE|WARN]", done.stderr)
            self.assertIn("SCONE_SHARED_MEMORY=insecure: memory that processes share", done.stderr)
            self.assertIn("lies outside of the enclave: the host can read and change it", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
