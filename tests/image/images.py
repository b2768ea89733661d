"""What the tests share: running the tool, making small images, looking into layouts."""
import gzip
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

SOURCE = os.environ.get("SCONE_SOURCE", os.path.join(os.path.dirname(__file__), "../.."))
TOOL = os.environ["SCONE_TOOL"]
sys.path.insert(0, os.path.join(SOURCE, "examples/flask"))
import make_layout  # noqa: E402

SEED = "5e" * 32


class ImageTest(unittest.TestCase):
    """A temporary folder, a stand-in runtime, a state file of its own."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="scone-image-test-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        runtime = f"{cls.folder}/runtime"
        subprocess.run([os.environ["SCONE_STAND_IN"], runtime], check=True)
        cls.environment = dict(
            os.environ,
            SCONE_RUNTIME_DIR=runtime,
            SCONE_CLI_CONFIG=f"{cls.folder}/cas/config.json",
            TERM="dumb",
            DOCKER_HOST=f"unix://{cls.folder}/no-daemon.sock",
        )

    def convert(self, *options, **changes):
        """Runs the tool in the temporary folder."""
        environment = dict(self.environment, **changes)
        return subprocess.run(
            [TOOL, *options], cwd=self.folder, env=environment, capture_output=True, text=True
        )

    def converted(self, *options, **changes):
        result = self.convert(*options, **changes)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result

    def refused(self, code, *options, says=(), **changes):
        """Checks exit code, an error of at most three lines, and silence on stdout."""
        result = self.convert(*options, **changes)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stdout, "")
        lines = result.stderr.splitlines()
        start = max(
            i
            for i, line in enumerate(lines)
            if line.startswith("sconify_image: ") and "warning: " not in line
        )
        self.assertLessEqual(len(lines) - start, 3, result.stderr)
        for text in says if isinstance(says, (list, tuple)) else [says]:
            self.assertIn(text, "\n".join(lines[start:]))
        return result

    def leftovers(self):
        return [name for name in os.listdir(self.folder) if "partial" in name]


def small_image(folder, files, **config):
    """An OCI layout of one layer for each dictionary {path: (mode, content) or 'link target'}."""
    shutil.rmtree(folder, ignore_errors=True)
    blobs = make_layout.Blobs(folder)
    layers = [blobs.put_layer(tar_of(layer)) for layer in files]
    text = json.dumps(
        {
            "created": make_layout.CREATED,
            "architecture": "amd64",
            "os": "linux",
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": [diff_id for _, diff_id in layers]},
            "history": [{"created_by": "RUN secret-in-history"} for _ in layers],
        }
    )
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": blobs.put(text.encode(), "application/vnd.oci.image.config.v1+json"),
        "layers": [descriptor for descriptor, _ in layers],
    }
    blob = blobs.put(json.dumps(manifest).encode(), manifest["mediaType"])
    with open(f"{folder}/index.json", "w") as out:
        json.dump({"schemaVersion": 2, "manifests": [blob]}, out)
    with open(f"{folder}/oci-layout", "w") as out:
        out.write('{"imageLayoutVersion":"1.0.0"}')


def tar_of(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, what in files.items():
            info = tarfile.TarInfo(path)
            info.mtime = make_layout.TIME
            if isinstance(what, str):
                info.type, info.linkname = tarfile.SYMTYPE, what
                tar.addfile(info)
            else:
                info.mode, info.size = what[0], len(what[1])
                tar.addfile(info, io.BytesIO(what[1]))
    out.seek(0)
    return out


class Layout:
    """The only image of an OCI image folder."""

    def __init__(self, folder):
        self.folder = folder
        with open(f"{folder}/index.json") as file:
            index = json.load(file)
        assert len(index["manifests"]) == 1
        self.manifest = json.loads(self.blob(index["manifests"][0]["digest"]))
        self.config = json.loads(self.blob(self.manifest["config"]["digest"]))
        self.layer_digests = [layer["digest"] for layer in self.manifest["layers"]]

    def blob(self, digest):
        with open(f"{self.folder}/blobs/{digest.replace(':', '/')}", "rb") as file:
            return file.read()

    def tars(self):
        return [gzip.decompress(self.blob(digest)) for digest in self.layer_digests]

    def members(self):
        """{path: TarInfo} of the merged layers, without whiteouts."""
        out = {}
        for tar in self.tars():
            with tarfile.open(fileobj=io.BytesIO(tar)) as members:
                for info in members:
                    out[info.name.removeprefix("./").rstrip("/")] = info
        return out

    def content(self, path):
        for tar in reversed(self.tars()):
            with tarfile.open(fileobj=io.BytesIO(tar)) as members:
                if path in members.getnames():
                    return members.extractfile(path).read()
        return None

    def everything(self):
        """Every byte of the layout, packed and unpacked."""
        for root, _, names in os.walk(self.folder):
            for name in names:
                with open(os.path.join(root, name), "rb") as file:
                    data = file.read()
                yield os.path.join(root, name), data
                if data.startswith(b"\x1f\x8b"):
                    yield os.path.join(root, name) + " unpacked", gzip.decompress(data)


def busybox():
    with open("/bin/busybox", "rb") as file:
        return file.read()
