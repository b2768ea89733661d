"""Everything that must be refused: one clear error, the right exit code, nothing half-written."""
import os
import unittest

from images import ImageTest, busybox, small_image

OPTIONS = ("--to=oci:out", "--binary=/bin/busybox", "--disable-session-upload", "--session=s.yml")


class RefuseTest(ImageTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        small_image(
            f"{cls.folder}/box",
            [{"bin/busybox": (0o755, busybox()), "bin/script": (0o755, b"#!/bin/sh\necho\n"),
              "bin/text": (0o755, b"hello"), "link": "data"},
             {"data/secret": (0o600, b"a secret of more than thirty-two bytes, 0123456789")},
             {"copy/secret": (0o600, b"a secret of more than thirty-two bytes, 0123456789")}],
            Cmd=["/bin/busybox", "true"],
        )  # fmt: skip

    def tearDown(self):
        self.assertFalse(os.path.exists(f"{self.folder}/out"))
        self.assertFalse(os.path.exists(f"{self.folder}/s.yml"))
        self.assertEqual(self.leftovers(), [])

    def test_images_that_are_not_there(self):
        for name, code in (
            ("oci:nowhere", 4), ("oci:box:tag", 4), ("docker-archive:none.tar", 4),
            ("repo/app:1", 5), ("", 2), ("a b", 2), ("oci-archive:x", 10),
        ):  # fmt: skip
            self.refused(code, f"--from={name}", *OPTIONS)

    def test_programs_that_cannot_be_taken(self):
        for program, code, says in (
            ("/bin/none", 4, "/bin/none"), ("none", 4, "none"), ("/bin/text", 3, "not an ELF file"),
            ("/bin/script", 3, "a script for /bin/sh"), ("/bin", 3, "not a file"),
        ):  # fmt: skip
            self.refused(code, "--from=oci:box", *OPTIONS, f"--binary={program}", says=says)

    def test_commands_that_do_not_fit(self):
        for command, code in (("a | b", 10), ("echo $HOME", 10), ("'open", 2)):
            self.refused(code, "--from=oci:box", *OPTIONS, f"--command={command}")
        commands = ((["/bin/script"], 10), (["/bin/none"], 4), (["/bin/sh", "-c", "a && b"], 10))
        for number, (words, code) in enumerate(commands):
            small_image(
                f"{self.folder}/c{number}",
                [{"bin/busybox": (0o755, busybox()), "bin/script": (0o755, b"#!/bin/sh\n")}],
                Cmd=words,
            )
            self.refused(code, f"--from=oci:c{number}", *OPTIONS)

    def test_paths_that_do_not_fit(self):
        for option, code in (
            ("--dir=/none", 4), ("--dir=relative", 2), ("--dir=/a/../b", 2), ("--dir=/link", 2),
            ("--dir=/data/secret", 2), ("--plain-file=/none", 4), ("--host-path=/bin", 2),
        ):  # fmt: skip
            self.refused(code, "--from=oci:box", *OPTIONS, option)
        self.refused(2, "--from=oci:box", *OPTIONS, "--dir=/data", "--host-path=/data")

    def test_options_that_are_wrong_or_come_later(self):
        for option, code in (
            ("--heap=1X", 2), ("--heap=1", 2), ("--dlopen=3", 2), ("--stack=2G", 2), ("--bniary=x", 2),
            ("--env=novalue", 2), ("--name=a/b", 2), ("--namespace=a b", 2), ("--key-seed=12", 2),
            ("--volume=v:/v", 10), ("--secrets=f", 10), ("--injectedfiles=f", 10), ("--binary-fs", 10),
            ("--fs-dir=/", 10), ("--scone-signer=k", 10), ("--push-image", 10),
            ("--k8s-helm-workload-type=job", 10), ("--azure-attestation=u", 10),
        ):  # fmt: skip
            self.refused(code, "--from=oci:box", *OPTIONS, option)
        for missing in ("--from=oci:box", "--to=oci:out", "--binary=x"):
            rest = [o for o in ("--from=oci:box", "--to=oci:out", "--binary=x") if o != missing]
            self.refused(2, *rest)

    def test_every_damaged_blob(self):
        folder = f"{self.folder}/box/blobs/sha256"
        for name in os.listdir(folder):
            path = f"{folder}/{name}"
            with open(path, "rb") as file:
                data = file.read()
            for position in (len(data) // 2, len(data) - 1):
                with open(path, "wb") as file:
                    file.write(data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :])
                self.assertIn(self.convert("--from=oci:box", *OPTIONS).returncode, (3, 8))
            with open(path, "wb") as file:
                file.write(data[:-1])
            self.assertIn(self.convert("--from=oci:box", *OPTIONS).returncode, (3, 8))
            os.rename(path, path + ".away")
            self.refused(4, "--from=oci:box", *OPTIONS)
            os.rename(path + ".away", path)
            with open(path, "wb") as file:
                file.write(data)

    def test_plaintext_that_stays_elsewhere_is_found(self):
        self.refused(8, "--from=oci:box", *OPTIONS, "--dir=/data", "--plain=/copy", "--verify",
                     says=["/data/secret", "copy/secret"])  # fmt: skip
        self.refused(8, "--from=oci:box", *OPTIONS, "--dir=/data", "--base=native",
                     says="/data/secret")  # fmt: skip

    def test_cas_that_does_not_answer(self):
        options = [o for o in OPTIONS if o != "--disable-session-upload"]
        self.refused(5, "--from=oci:box", *options, "--cas=localhost:1", "--cas-debug")
        self.refused(2, "--from=oci:box", *options, says="--cas")

    def test_runtime_that_is_not_there(self):
        self.refused(4, "--from=oci:box", *OPTIONS, SCONE_RUNTIME_DIR="/nonexistent",
                     says="SCONE_RUNTIME_DIR")  # fmt: skip

    def test_target_that_is_something_else(self):
        os.makedirs(f"{self.folder}/other", exist_ok=True)
        with open(f"{self.folder}/other/file", "w") as file:
            file.write("x")
        self.refused(9, "--from=oci:box", *OPTIONS, "--to=oci:other")


if __name__ == "__main__":
    unittest.main()
