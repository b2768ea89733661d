"""Whole files: plain on the host, and encrypted. "First time" decrypts; "again" finds what was kept."""
import os


def measure(bench):
    transfer = bench.compile("transfer.c")
    source = bench.folder / "files-source"
    source.mkdir()
    for name in ("sequential", "random"):
        (source / name).write_bytes(os.urandom(64 << 20))
    environment = bench.protect("files-protected", source)
    encrypted = ("read_64m_first", "read_64m", "random_4k_first", "random_4k")
    for _ in range(bench.rounds):
        for side, prefix, folder, more in (("native", [], source, {}), ("plain", bench.scone_run, source, {}),
                                           ("ours", bench.scone_run, "/protected", environment)):
            for line in bench.run([*prefix, transfer, folder], more).splitlines():
                name, value = line.split()
                if side != "plain" and name in encrypted:
                    bench.add(f"encrypted_{name}", side, float(value))
                if side != "ours" and name == "read_64m":
                    bench.add(name, "ours" if side == "plain" else side, float(value))
