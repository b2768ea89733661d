"""Conversions that bring their session to a real scone-cas."""
import json
import os
import re
import subprocess
import time
import unittest

from images import ImageTest, Layout, busybox, small_image

OPTIONS = ("--from=oci:box", "--binary=/bin/busybox", "--dir=/data", "--session=s.yml",
           "--namespace=space", "--name=session", "--allow-debug-mode")  # fmt: skip


class CasTest(ImageTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.log_path = f"{cls.folder}/cas.log"
        cls.log = open(cls.log_path, "w")
        cls.addClassCleanup(cls.log.close)
        cls.cas = subprocess.Popen(
            [os.environ["SCONE_CAS"], "--allow-simulation", f"--state={cls.folder}/cas-state",
             "--listen-api=127.0.0.1:0", "--listen-enclave=127.0.0.1:0"],
            stdout=cls.log, stderr=cls.log,
        )  # fmt: skip
        cls.addClassCleanup(cls.end_cas)
        api, enclave = cls.port("client API"), cls.port("enclave port")
        cls.address = f"--cas=127.0.0.1:{api}:{enclave}"
        cls.enclave_address = f"127.0.0.1:{enclave}"
        small_image(
            f"{cls.folder}/box",
            [{"bin/busybox": (0o755, busybox())}, {"data/secret": (0o600, b"0123456789" * 9)}],
            Cmd=["/bin/busybox", "cat", "/data/secret"],
        )

    def setUp(self):
        for name in ("s.yml", "cas/config.json"):
            if os.path.exists(f"{self.folder}/{name}"):
                os.remove(f"{self.folder}/{name}")

    @classmethod
    def end_cas(cls):
        cls.cas.terminate()
        if cls.cas.wait() != 0:
            with open(cls.log_path) as file:
                raise AssertionError("scone-cas did not end well:\n" + file.read())

    @classmethod
    def port(cls, name):
        for _ in range(400):
            with open(cls.log_path) as file:
                found = re.search(rf"{name} is listening on \S+:(\d+)", file.read())
            if found:
                return found.group(1)
            time.sleep(0.05)
        raise AssertionError("scone-cas did not start")

    def environment_of(self, name):
        config = Layout(f"{self.folder}/{name}").config["config"]
        return dict(setting.split("=", 1) for setting in config["Env"])

    def test_create_then_update(self):
        self.refused(6, *OPTIONS, "--to=oci:out", self.address, says="--cas-debug")
        self.assertFalse(os.path.exists(f"{self.folder}/out"))
        self.assertFalse(os.path.exists(f"{self.folder}/s.yml"))

        first = self.converted(
            *OPTIONS, "--to=oci:out", self.address, "--cas-debug", "--create-namespace"
        )
        self.assertEqual(first.stdout, "space/session\n")
        self.assertIn("NOT attested", first.stderr)
        environment = self.environment_of("out")
        self.assertEqual(environment["SCONE_CAS_ADDR"], self.enclave_address)
        with open(f"{self.folder}/cas/config.json") as file:
            state = json.load(file)
        self.assertEqual(environment["SCONE_CAS_KEY_HASH"], state["cas"][0]["key_hash"])
        self.assertFalse(state["cas"][0]["attested"])

        again = self.converted(
            *OPTIONS, "--to=oci:out", self.address, "--cas-debug", "--create-namespace"
        )
        self.assertIn("namespace 'space' exists already", again.stderr)
        self.assertIn("updated", again.stderr)
        with open(f"{self.folder}/s.yml") as file:
            self.assertIn("predecessor:", file.read())

        self.refused(9, *OPTIONS, "--to=oci:out2", self.address, "--cas-debug",
                     "--disable-update-session-if-exists")  # fmt: skip
        self.assertFalse(os.path.exists(f"{self.folder}/out2"))
        stranger = dict(SCONE_CLI_CONFIG=f"{self.folder}/stranger/config.json")
        self.assertIn(
            self.convert(*OPTIONS, "--to=oci:out2", self.address, "--cas-debug", **stranger).returncode,
            (7, 9),
        )
        self.assertEqual(self.leftovers(), [])

    def test_another_key_than_the_pinned_one(self):
        options = (*OPTIONS, "--to=oci:pinned", self.address, "--disable-attestation",
                   "--name=pinned", "--namespace=pins", "--create-namespace")  # fmt: skip
        path = f"{self.folder}/pin/config.json"
        self.converted(*options, SCONE_CLI_CONFIG=path)
        with open(path) as file:
            state = json.load(file)
        # Another certificate authority in the place of the pinned one.
        chain = re.findall(r"-----BEGIN.*?-----END CERTIFICATE-----\n", state["identity"], re.S)
        state["cas"][0]["chain"] = chain[-1][chain[-1].index("-----BEGIN CERTIFICATE"):]
        with open(path, "w") as file:
            json.dump(state, file)
        result = self.convert(*options, SCONE_CLI_CONFIG=path)
        self.assertIn(result.returncode, (3, 6), result.stderr)


if __name__ == "__main__":
    unittest.main()
