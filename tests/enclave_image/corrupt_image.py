#!/usr/bin/env python3
"""Changes the structural bytes of a linked image one by one: the tool refuses or finishes, and never
crashes. Usage: corrupt_image.py ENCLAVE_IMAGE PROGRAM ALLOW"""
import os
import random
import struct
import subprocess
import sys
import tempfile

tool, program, allow = sys.argv[1:4]
original = open(program, "rb").read()
random.seed(1)


def program_headers():
    table, count = struct.unpack_from("<Q", original, 32)[0], struct.unpack_from("<H", original, 56)[0]
    for i in range(count):
        yield struct.unpack_from("<IIQQQQQQ", original, table + i * 56)


def places():
    """(offset, size) of what the tool reads as structure."""
    yield 0, 64
    yield struct.unpack_from("<Q", original, 32)[0], 56 * struct.unpack_from("<H", original, 56)[0]
    sections = struct.unpack_from("<Q", original, 40)[0]
    for i in range(struct.unpack_from("<H", original, 60)[0]):
        header = struct.unpack_from("<IIQQQQIIQQ", original, sections + i * 64)
        yield sections + i * 64, 64
        if header[1] in (2, 4, 6, 19):  # symbols, RELA, dynamic, RELR
            yield header[4], min(header[5], 4096)
    for header in program_headers():
        if header[0] == 4:  # notes
            yield header[2], min(header[5], 64)


def run(data, folder):
    path = os.path.join(folder, "changed")
    with open(path, "wb") as out:
        out.write(data)
    target = os.path.join(folder, "out")
    if os.path.exists(target):
        os.remove(target)
    done = subprocess.run([tool, "--in", path, "--out", target, "--allow", allow],
                          capture_output=True, timeout=60)
    if done.returncode < 0 or done.returncode > 127:
        sys.exit(f"crashed with {done.returncode}: {done.stderr.decode(errors='replace')}")
    if (done.returncode == 0) != os.path.exists(target):
        sys.exit("an image was written although it was refused, or the other way round")
    if done.returncode != 0 and b"enclave_image: " not in done.stderr:
        sys.exit("refused without a message")
    return done.returncode == 0


with tempfile.TemporaryDirectory() as folder:
    if not run(original, folder):
        sys.exit("the unchanged program is refused")
    refused = 0
    spots = [(start, size) for start, size in places() if size > 0 and start + size <= len(original)]
    changes = []
    for start, size in spots:
        for _ in range(6 if size > 64 else 3):
            changes.append((start + random.randrange(size), random.choice([0x00, 0x01, 0x7F, 0xFF])))
    for offset, value in changes:
        data = bytearray(original)
        data[offset] = value
        refused += not run(bytes(data), folder)
    for size in (0, 1, 63, 64, 200, 4096, len(original) // 2, len(original) - 1):
        if run(original[:size], folder) and size < len(original) // 2:
            sys.exit(f"accepted the first {size} bytes")
    print(f"{len(changes)} changes, {refused} refused")
    if refused < len(changes) // 20:
        sys.exit("hardly anything was refused")
