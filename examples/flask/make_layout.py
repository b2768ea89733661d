"""Writes an OCI image folder: a root file system, then the application, then its TLS files."""
import argparse
import hashlib
import io
import json
import os
import shutil
import tarfile
import zlib

CREATED = "2023-11-14T22:13:20Z"
TIME = 1700000000


class Blobs:
    def __init__(self, folder):
        self.folder = folder
        os.makedirs(f"{folder}/blobs/sha256")

    def put(self, data, media_type):
        digest = hashlib.sha256(data).hexdigest()
        with open(f"{self.folder}/blobs/sha256/{digest}", "wb") as out:
            out.write(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    def put_layer(self, stream):
        """Packs the tar in the stream; gives its descriptor and diff_id."""
        packer = zlib.compressobj(1, zlib.DEFLATED, 31)
        plain, packed, size = hashlib.sha256(), hashlib.sha256(), 0
        partial = f"{self.folder}/layer"
        with open(partial, "wb") as out:
            while True:
                piece = stream.read(1 << 20)
                if piece:
                    plain.update(piece)
                data = packer.compress(piece) if piece else packer.flush()
                packed.update(data)
                size += len(data)
                out.write(data)
                if not piece:
                    break
        digest = packed.hexdigest()
        os.rename(partial, f"{self.folder}/blobs/sha256/{digest}")
        descriptor = {
            "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
            "digest": f"sha256:{digest}",
            "size": size,
        }
        return descriptor, f"sha256:{plain.hexdigest()}"


def small_layer(files):
    """A tar of {path: (mode, content)}; folders are made."""
    out = io.BytesIO()
    folders = set()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, (mode, content) in files.items():
            folder = os.path.dirname(path)
            if folder not in folders:
                folders.add(folder)
                info = tarfile.TarInfo(folder)
                info.type, info.mode, info.mtime = tarfile.DIRTYPE, 0o755, TIME
                tar.addfile(info)
            info = tarfile.TarInfo(path)
            info.size, info.mode, info.mtime = len(content), mode, TIME
            tar.addfile(info, io.BytesIO(content))
    out.seek(0)
    return out


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main():
    parser = argparse.ArgumentParser()
    for name in ("root", "app", "tls", "to"):
        parser.add_argument(f"--{name}", required=True)
    arguments = parser.parse_args()
    partial = arguments.to + ".partial"
    shutil.rmtree(partial, ignore_errors=True)
    blobs = Blobs(partial)
    with open(arguments.root, "rb") as root:
        layers = [blobs.put_layer(root)]
    layers.append(blobs.put_layer(small_layer({"app/rest_api.py": (0o644, read(arguments.app))})))
    layers.append(
        blobs.put_layer(
            small_layer(
                {
                    "tls/flask.key": (0o600, read(f"{arguments.tls}/flask.key")),
                    "tls/flask.crt": (0o644, read(f"{arguments.tls}/flask.crt")),
                }
            )
        )
    )
    environment = [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG=C.UTF-8",
        "GREETING=hello from the native image",
        "API_PORT=4996",
    ]
    history = [
        {"created_by": "mmdebstrap bookworm python3-flask"},
        {"created_by": "ENV " + " ".join(environment[1:]), "empty_layer": True},
        {"created_by": "COPY rest_api.py /app/rest_api.py"},
        {"created_by": "COPY flask.key flask.crt /tls/"},
        {"created_by": "WORKDIR /app", "empty_layer": True},
        {"created_by": "CMD python3 -B /app/rest_api.py", "empty_layer": True},
    ]
    probe = "import socket; socket.create_connection(('localhost', 4996), 2)"
    config = {
        "created": CREATED,
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "Env": environment,
            "Cmd": ["/bin/sh", "-c", "python3 -B /app/rest_api.py"],
            "WorkingDir": "/app",
            "Labels": {"org.opencontainers.image.title": "flask REST API", "example": "flask"},
            "ExposedPorts": {"4996/tcp": {}},
            "StopSignal": "SIGTERM",
            "Healthcheck": {"Test": ["CMD", "python3", "-c", probe], "Interval": 30_000_000_000},
        },
        "rootfs": {"type": "layers", "diff_ids": [diff_id for _, diff_id in layers]},
        "history": [dict(entry, created=CREATED) for entry in history],
    }
    config_blob = blobs.put(
        json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"
    )
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config_blob,
        "layers": [descriptor for descriptor, _ in layers],
    }
    manifest_blob = blobs.put(json.dumps(manifest).encode(), manifest["mediaType"])
    manifest_blob["platform"] = {"architecture": "amd64", "os": "linux"}
    with open(f"{partial}/index.json", "w") as out:
        json.dump({"schemaVersion": 2, "manifests": [manifest_blob]}, out)
    with open(f"{partial}/oci-layout", "w") as out:
        out.write('{"imageLayoutVersion":"1.0.0"}')
    shutil.rmtree(arguments.to, ignore_errors=True)
    os.rename(partial, arguments.to)


if __name__ == "__main__":
    main()
