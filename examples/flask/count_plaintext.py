"""Prints how many blobs of an image hold the service's code or key in clear.

usage: count_plaintext.py IMAGE KEY_FILE      IMAGE: an OCI image folder, or a file of `docker save`
"""
import gzip, pathlib, sys, tarfile

CODE = b"the code of this service is confidential"


def blobs(image):
    """Manifests, configurations and layers, unpacked."""
    if image.is_dir():
        for path in (image / "blobs/sha256").iterdir():
            yield path.read_bytes()
        return
    with tarfile.open(image) as tar:
        for member in tar:
            if member.isreg():
                yield tar.extractfile(member).read()


def count_plaintext(image, key_file):
    key = pathlib.Path(key_file).read_bytes().splitlines()[1]
    found = 0
    for blob in blobs(pathlib.Path(image)):
        if blob[:2] == b"\x1f\x8b":
            blob = gzip.decompress(blob)
        found += CODE in blob or key in blob
    return found


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    print(count_plaintext(sys.argv[1], sys.argv[2]))
