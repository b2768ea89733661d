"""Conversions inside a real Docker daemon, which runs in a network and folders of its own."""
import json
import os
import signal
import subprocess
import time
import unittest

from images import ImageTest, busybox, small_image

SECRET = b"a secret of more than thirty-two bytes, 0123456789"


class DockerTest(ImageTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.host = f"unix://{cls.folder}/docker.sock"
        cls.environment["DOCKER_HOST"] = cls.host
        daemon = [
            "dockerd", "--host", cls.host, "--bridge=none", "--iptables=false", "--ip6tables=false",
            "--storage-driver=vfs", f"--data-root={cls.folder}/data",
            f"--exec-root={cls.folder}/exec", f"--pidfile={cls.folder}/dockerd.pid",
        ]  # fmt: skip
        cls.log = open(f"{cls.folder}/dockerd.log", "w")
        cls.addClassCleanup(cls.log.close)
        cls.daemon = subprocess.Popen(
            ["unshare", "--net", "--mount", "--fork", "--kill-child", *daemon],
            stdout=cls.log, stderr=cls.log,
        )  # fmt: skip
        cls.addClassCleanup(cls.stop_daemon)
        for _ in range(240):
            if cls.docker("version", check=False).returncode == 0:
                break
            time.sleep(0.25)
        small_image(
            f"{cls.folder}/box",
            [{"bin/busybox": (0o755, busybox())}, {"data/secret": (0o600, SECRET)}],
            Cmd=["/bin/busybox", "cat", "/data/secret"], Env=["TOKEN=env-secret-0123456789"],
            Healthcheck={"Test": ["NONE"]}, Labels={"a": "b"},
        )  # fmt: skip
        subprocess.run(
            ["skopeo", "copy", "-q", f"--dest-daemon-host={cls.host}", f"oci:{cls.folder}/box",
             "docker-daemon:repo/box:1"], check=True,
        )  # fmt: skip

    @classmethod
    def stop_daemon(cls):
        try:
            with open(f"{cls.folder}/dockerd.pid") as file:
                os.kill(int(file.read()), signal.SIGTERM)
            cls.daemon.wait(30)
        except (OSError, ValueError, subprocess.TimeoutExpired):
            cls.daemon.kill()
            cls.daemon.wait()

    @classmethod
    def docker(cls, *words, check=True):
        return subprocess.run(
            ["docker", "--host", cls.host, *words], check=check, capture_output=True
        )

    def test_from_daemon_to_daemon(self):
        for source, target in (
            ("repo/box:1", "x/sconified:2"),
            ("docker-daemon:repo/box:1", "docker-daemon:x/native:2"),
        ):
            extra = ["--base=native"] if "native" in target else []
            result = self.converted(
                f"--from={source}", f"--to={target}", "--binary=busybox", "--dir=/data",
                "--disable-session-upload", "--namespace=n", "--verify", *extra, PATH="/usr/bin:/bin",
            )  # fmt: skip
            name = target.removeprefix("docker-daemon:")
            self.assertEqual(result.stdout, f"n/{name.split(':')[0].replace('/', '')}\n")
            config = json.loads(self.docker("image", "inspect", name).stdout)[0]["Config"]
            self.assertEqual(config["Entrypoint"], ["/bin/busybox"])
            self.assertEqual(config["Labels"], {"a": "b"})
            self.assertEqual(config["Healthcheck"], {"Test": ["NONE"]})
            saved = self.docker("save", name).stdout
            self.assertIn(b"opt/scone/enclave.img", saved)
            for secret in (SECRET, b"env-secret", b"secret-in-history"):
                self.assertNotIn(secret, saved)
                self.assertIn(secret, self.docker("save", "repo/box:1").stdout)

    def test_image_that_the_daemon_does_not_have(self):
        self.refused(
            4, "--from=repo/none:1", "--to=x/y", "--binary=busybox", "--disable-session-upload",
            says=["no image 'repo/none:1'", "docker pull repo/none:1"],
        )  # fmt: skip


if __name__ == "__main__":
    unittest.main()
