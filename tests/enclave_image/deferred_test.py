#!/usr/bin/env python3
"""The pages that are measured by a digest: a changed byte in them does not change MRENCLAVE, and the
enclave refuses to use them. usage: deferred_test.py BIN_FOLDER ENCLAVE_IMAGE"""
import os, pathlib, socket, struct, subprocess, sys, tempfile

run = pathlib.Path(sys.argv[1]) / "scone-run"
original = pathlib.Path(sys.argv[2]).read_bytes()


def program_headers():
    table, count = struct.unpack_from("<Q", original, 32)[0], struct.unpack_from("<H", original, 56)[0]
    return [struct.unpack_from("<IIQQQQQQ", original, table + i * 56) for i in range(count)]


def deferred_ranges():
    for header in program_headers():
        if header[0] != 4:
            continue
        at, end = header[2], header[2] + header[5]
        while at + 12 <= end:
            name_size, size, kind = struct.unpack_from("<III", original, at)
            content = at + 12 + (name_size + 3 & ~3)
            if original[at + 12:at + 18] == b"SCONE\0" and kind == 4:
                numbers = struct.unpack_from(f"<{size // 8}Q", original, content)
                return list(zip(numbers[::2], numbers[1::2]))
            at = content + (size + 3 & ~3)
    return []


def file_offset(address):
    for kind, _, offset, start, _, size, _, _ in program_headers():
        if kind == 1 and start <= address < start + size:
            return offset + address - start
    return None


def scone_run(image, **variables):
    return subprocess.run([run, f"--image={image}", "--", "/bin/echo", "ran"], capture_output=True, text=True,
                          timeout=120, env=dict(os.environ, SCONE_LOG="ERROR", **variables))


def measurement(image):
    done = scone_run(image, SCONE_HASH="1")
    assert done.returncode == 0, done.stderr
    return done.stdout


ranges = deferred_ranges()
code = [r for r in ranges if any(h[0] == 1 and h[1] & 1 and h[3] <= r[0] < h[3] + h[6] for h in program_headers())]
assert code and sum(end - begin for begin, end in ranges) > 1 << 20, f"hardly anything is deferred: {ranges}"
entry = struct.unpack_from("<Q", original, 24)[0]
assert not any(begin <= entry < end for begin, end in ranges), "the entry point is not measured"

with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as listener:
    image = pathlib.Path(folder) / "enclave.img"
    image.write_bytes(original)
    wanted = measurement(image)
    address = f"127.0.0.1:{listener.getsockname()[1]}"
    attested = dict(SCONE_CONFIG_ID="n/s/t", SCONE_CAS_ADDR=address, SCONE_LAS_ADDR=address)
    for begin, end in ranges:
        offset = file_offset(begin)
        if offset is None:
            continue  # only zeros, none of them in the file
        changed = bytearray(original)
        changed[offset] ^= 1
        image.write_bytes(changed)
        assert measurement(image) == wanted, f"page {begin:#x} is measured"
        plain = scone_run(image)
        assert (plain.returncode, plain.stdout) == (0, "ran\n"), plain.stderr
        refused = scone_run(image, **attested)
        assert refused.returncode == 134 and "provisioning layer is not the measured one" in refused.stderr, refused
    changed = bytearray(original)
    changed[file_offset(entry)] ^= 1
    image.write_bytes(changed)
    assert measurement(image) != wanted, "the core is not measured"
print(f"{len(ranges)} ranges")
