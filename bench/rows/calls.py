"""Single system calls: on a file of the host, and on the same file in an encrypted region."""
import os


def measure(bench):
    calls = bench.compile("calls.c")
    source = bench.folder / "calls-source"
    source.mkdir()
    (source / "data").write_bytes(os.urandom(1 << 20))
    bench.alternate_program(calls, source / "data")
    environment = bench.protect("calls-protected", source)
    keys = {name: f"protected_{name}" for name in ("read_4k", "open_close", "stat")}
    for _ in range(bench.rounds):
        for side, prefix, path, more in (("native", [], source / "data", {}),
                                         ("ours", bench.scone_run, "/protected/data", environment)):
            for line in bench.run([*prefix, calls, path, *keys], more).splitlines():
                name, value = line.split()
                bench.add(keys[name], side, float(value))
