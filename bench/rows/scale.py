"""Start of a program beside 20,000 protected files and beside ten, and with a child process."""


def measure(bench):
    hello, environments = bench.compile("hello.c", "-static"), {}
    for side, count in (("native", 10), ("ours", 20000)):
        source = bench.folder / f"scale-{count}"
        for i in range(count):
            folder = source / f"d{i // 200}"
            if i % 200 == 0:
                folder.mkdir(parents=True)
            (folder / f"f{i}").write_bytes(b"content of file %d\n" % i)
        (source / "hello").write_bytes(hello.read_bytes())
        (source / "hello").chmod(0o755)
        environments[side] = bench.protect(f"scale-protected-{count}", source)
    child = ["/bin/sh", "-c", "/protected/hello; /protected/hello"]
    for key, command in (("many_files", ["/protected/hello"]), ("many_files_child", child)):
        # the few files stand in the column "native": what counts is how start-up grows
        def start(side):
            options = [word for word in bench.scone_run]
            return bench.timed_ms([*options, *command], environments[side])
        start("ours")
        bench.alternate(key, lambda: start("native"), lambda: start("ours"))
