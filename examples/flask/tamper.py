"""Copies an OCI image folder and changes one byte of one file, all digests made right again.

usage: tamper.py FROM TO PATH_IN_IMAGE
"""
import gzip, hashlib, io, json, pathlib, shutil, sys, tarfile

source, target, wanted = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
shutil.rmtree(target, ignore_errors=True)
shutil.copytree(source, target)
blobs = target / "blobs/sha256"


def put(data):
    digest = hashlib.sha256(data).hexdigest()
    (blobs / digest).write_bytes(data)
    return "sha256:" + digest


def changed(data):
    """The layer with the byte changed, or None when the file is not in it."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for member in tar:
            if member.name.lstrip("./") == wanted and member.isreg():
                at = member.offset_data + member.size // 2
                return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]
    return None


index = json.loads((target / "index.json").read_text())
entry = index["manifests"][0]
manifest = json.loads((blobs / entry["digest"][7:]).read_text())
config = json.loads((blobs / manifest["config"]["digest"][7:]).read_text())
done = 0
for i, layer in enumerate(manifest["layers"]):
    data = (blobs / layer["digest"][7:]).read_bytes()
    zipped = data[:2] == b"\x1f\x8b"
    plain = changed(gzip.decompress(data) if zipped else data)
    if plain is None:
        continue
    done += 1
    packed = gzip.compress(plain, 1) if zipped else plain
    layer["digest"], layer["size"] = put(packed), len(packed)
    config["rootfs"]["diff_ids"][i] = "sha256:" + hashlib.sha256(plain).hexdigest()
if not done:
    sys.exit(f"tamper.py: {wanted} is in no layer of {source}")
data = json.dumps(config).encode()
manifest["config"]["digest"], manifest["config"]["size"] = put(data), len(data)
data = json.dumps(manifest).encode()
entry["digest"], entry["size"] = put(data), len(data)
(target / "index.json").write_text(json.dumps(index))
