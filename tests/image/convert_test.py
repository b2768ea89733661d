"""Conversions of the Flask image and of small ones, without a CAS."""
import json
import os
import subprocess
import unittest

from images import SEED, SOURCE, ImageTest, Layout, busybox, small_image

PROTECT = ("--binary=/usr/bin/python3.11", "--dir=/app", "--dir=/tls")
OFFLINE = ("--disable-session-upload", "--namespace=ns", "--name=session", "--cas=cas.example")


class FlaskTest(ImageTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.native = f"{cls.folder}/native"
        subprocess.run([f"{SOURCE}/examples/flask/make-native-image", cls.native], check=True)
        with open(f"{SOURCE}/examples/flask/rest_api.py", "rb") as file:
            cls.code = file.read()
        with open(f"{cls.native}.tls/flask.key", "rb") as file:
            cls.key = file.read()

    def secrets(self):
        """Lines that must be nowhere in a converted image."""
        lines = [line for line in self.code.split(b"\n") if b"CANARY" in line or b"patient" in line]
        lines += [line for line in self.key.split(b"\n") if len(line) > 40]
        return [line.strip() for line in lines if len(line.strip()) >= 16] + [
            b"hello from the native image"
        ]

    def assert_secret(self, folder):
        native = b"".join(data for _, data in Layout(self.native).everything())
        for secret in self.secrets():
            self.assertIn(secret, native)
        for name, data in Layout(folder).everything():
            for secret in self.secrets():
                self.assertNotIn(secret, data, name)

    def test_minimal_base(self):
        result = self.converted(
            "--from=oci:native", "--to=oci:minimal", *PROTECT, *OFFLINE, "--verify",
            "--service-name=flask", "--session=minimal.yml", "--env=EXTRA=1", "--allow-debug-mode",
            "--host-path=/etc/resolv.conf",
        )  # fmt: skip
        self.assertEqual(result.stdout, "ns/session\n")
        self.assertIn("'/etc/resolv.conf' is NOT protected", result.stderr)
        self.assertIn("HEALTHCHECK is dropped", result.stderr)
        image = Layout(f"{self.folder}/minimal")
        config = image.config["config"]
        self.assertEqual(config["Entrypoint"], ["/usr/bin/python3.11"])
        self.assertNotIn("Cmd", config)
        self.assertEqual(config["WorkingDir"], "/app")
        self.assertEqual(config["ExposedPorts"], {"4996/tcp": {}})
        self.assertEqual(config["StopSignal"], "SIGTERM")
        self.assertEqual(config["Labels"]["example"], "flask")
        environment = dict(setting.split("=", 1) for setting in config["Env"])
        self.assertEqual(set(environment), {"PATH", "SCONE_CAS_ADDR", "SCONE_LAS_ADDR",
                                            "SCONE_CONFIG_ID"})  # fmt: skip
        self.assertEqual(environment["SCONE_CONFIG_ID"], "ns/session/flask")
        self.assertEqual(environment["SCONE_CAS_ADDR"], "cas.example")
        members = image.members()
        self.assertEqual(members["usr/bin/python3.11"].linkname, "opt/scone/starter")
        self.assertEqual(members["usr/bin/python3"].linkname, "python3.11")
        self.assertTrue(members["app"].isdir())
        for path in (
            "opt/scone/enclave.img", "opt/scone/settings", "opt/scone/sigstruct", "opt/scone/plans",
            "fspf/fs.fspf", "fspf/encrypted-files/app/rest_api.py",
            "fspf/encrypted-files/tls/flask.key", "fspf/authenticated-files/usr/bin/python3.11",
            "etc/passwd", "lib/x86_64-linux-gnu/libc.so.6", "lib64/ld-linux-x86-64.so.2",
            "usr/lib/python3/dist-packages/flask/app.py", "usr/lib/x86_64-linux-gnu/libssl.so.3",
        ):  # fmt: skip
            self.assertIn(path, members)
        self.assertNotIn("app/rest_api.py", members)
        self.assertNotIn("bin/dash", members)
        cipher = image.content("fspf/encrypted-files/app/rest_api.py")
        self.assertEqual(len(cipher), len(self.code))
        self.assertEqual(len(image.content("opt/scone/sigstruct")), 1808)
        self.assert_secret(f"{self.folder}/minimal")
        self.refused(9, "--from=oci:minimal", "--to=oci:twice", *PROTECT, *OFFLINE,
                     says="converted image already")  # fmt: skip
        self.check_session(f"{self.folder}/minimal.yml")

    def check_session(self, path):
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        with open(path) as file:
            session = file.read()
        for part in (
            "ns/session", "mrenclaves:", "python3", "-B", "/app/rest_api.py",
            "hello from the native image", "EXTRA", "LD_LIBRARY_PATH", "/fspf/fs.fspf", "debug-mode",
        ):  # fmt: skip
            self.assertIn(part, session)

    def test_native_base_keeps_untouched_layers(self):
        self.converted(
            "--from=oci:native", "--to=oci:in-place", *PROTECT, *OFFLINE, "--base=native"
        )
        native, image = Layout(self.native), Layout(f"{self.folder}/in-place")
        self.assertEqual(native.layer_digests[0], image.layer_digests[0])
        self.assertNotIn(native.layer_digests[1], image.layer_digests)
        self.assertNotIn(native.layer_digests[2], image.layer_digests)
        self.assertTrue("bin/dash" in image.members())
        self.assert_secret(f"{self.folder}/in-place")

    def test_same_seed_gives_the_same_bytes(self):
        for name in ("one", "two"):
            self.converted(
                "--from=oci:native", f"--to=oci:{name}", *PROTECT, *OFFLINE,
                f"--session={name}.yml", f"--key-seed={SEED}",
            )  # fmt: skip
        for first, second in zip(*(self.files_of(name) for name in ("one", "two"))):
            self.assertEqual(first, second)

    def files_of(self, name):
        folder = f"{self.folder}/{name}"
        with open(f"{folder}.yml", "rb") as session:
            files = [(f"{name}.yml", session.read())]
        for root, _, names in sorted(os.walk(folder)):
            for file in sorted(names):
                with open(os.path.join(root, file), "rb") as opened:
                    files.append((file, opened.read()))
        return [(path.replace(name, ""), data) for path, data in files]

    def test_docker_archive_in_and_out(self):
        archive = f"docker-archive:{self.folder}/native.tar"
        subprocess.run(
            ["skopeo", "copy", "-q", f"oci:{self.native}", f"{archive}:repo/flask:1"], check=True
        )
        self.converted(
            "--from=docker-archive:native.tar:repo/flask:1", "--to=docker-archive:out.tar:x/y:2",
            *PROTECT, *OFFLINE, "--verify",
        )  # fmt: skip
        text = subprocess.run(
            ["skopeo", "inspect", "--config", f"docker-archive:{self.folder}/out.tar:x/y:2"],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        self.assertEqual(json.loads(text)["config"]["Entrypoint"], ["/usr/bin/python3.11"])
        subprocess.run(
            ["skopeo", "copy", "-q", f"docker-archive:{self.folder}/out.tar",
             f"oci:{self.folder}/back"], check=True,
        )  # fmt: skip
        self.assert_secret(f"{self.folder}/back")


class SmallTest(ImageTest):
    def test_static_program_and_tags(self):
        small_image(
            f"{self.folder}/box",
            [{"bin/busybox": (0o755, busybox()), "bin/sh": "busybox",
              "etc/Főtanúsítvány.crt": (0o644, b"x")},
             {"data/secret": (0o600, b"a secret of more than thirty-two bytes, 0123456789")}],
            Entrypoint=["/bin/busybox"], Cmd=["cat", "/data/secret"], User="1000:1000",
            Env=["TOKEN=env-secret-0123456789"], Volumes={"/var/db": {}},
        )  # fmt: skip
        for tag in ("a", "b"):
            result = self.converted(
                "--from=oci:box", f"--to=oci:boxes:{tag}", "--binary=busybox", "--dir=/data",
                "--plain-file=/etc/Főtanúsítvány.crt", *OFFLINE, "--verify", f"--session={tag}.yml",
                PATH="/nonexistent",
            )  # fmt: skip
            self.assertIn("VOLUME /var/db", result.stderr)
        with open(f"{self.folder}/boxes/index.json") as file:
            self.assertEqual(len(json.load(file)["manifests"]), 2)
        self.converted("--from=oci:box", "--to=oci:single", "--binary=/bin/busybox", "--dir=/data",
                       *OFFLINE, "--session=single.yml")  # fmt: skip
        self.converted("--from=oci:box", "--to=oci:all", "--binary=/bin/busybox", "--dir=/",
                       *OFFLINE, "--session=all.yml", "--verify")  # fmt: skip
        members = Layout(f"{self.folder}/all").members()
        self.assertIn("fspf/encrypted-files/bin/busybox", members)
        self.assertEqual(members["bin/busybox"].linkname, "opt/scone/starter")
        image = Layout(f"{self.folder}/single")
        self.assertEqual(image.config["config"]["User"], "1000:1000")
        for _, data in image.everything():
            for secret in (b"a secret of more", b"env-secret", b"secret-in-history"):
                self.assertNotIn(secret, data)

    def test_template_and_dry_run(self):
        small_image(f"{self.folder}/t", [{"bin/busybox": (0o755, busybox())}],
                    Cmd=["/bin/sh", "-c", "/bin/busybox echo 'a b'"])  # fmt: skip
        with open(f"{self.folder}/template.yml", "w") as file:
            file.write(
                "name: $NAMESPACE/$SESSION\nversion: '0.3'\nservices:\n- name: $SERVICE\n"
                "  mrenclaves: [$MRENCLAVE]\n  command: $CMD\n  pwd: $PWD\n"
                "  environment: $ENVVARS\n  fspf_path: /fspf/fs.fspf\n"
                "  fspf_key: $SCONE_FSPF_KEY\n  fspf_tag: $SCONE_FSPF_TAG\nsecrets: $SECRETS\n"
            )
        options = ("--from=oci:t", "--to=oci:templated", "--binary=/bin/busybox", *OFFLINE,
                   "--template=template.yml", "--session=templated.yml")  # fmt: skip
        self.converted(*options, "--dry-run")
        self.assertFalse(os.path.exists(f"{self.folder}/templated"))
        self.assertFalse(os.path.exists(f"{self.folder}/templated.yml"))
        result = self.converted(*options, "-v")
        with open(f"{self.folder}/templated.yml") as file:
            session = file.read()
        self.assertIn("a b", session)
        self.assertIn("****", result.stderr)
        with open(f"{self.folder}/template.yml", "a") as file:
            file.write("servces: []\n")
        self.refused(3, *options, says=["servces", "13:1"])


if __name__ == "__main__":
    unittest.main()
