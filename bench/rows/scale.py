"""Start of a program among 20,000 protected files and among ten, and with two child processes."""


def measure(bench):
    hello, commands = bench.compile("hello.c", "-static"), {}
    for side, count in (("native", 10), ("ours", 20000)):
        source = bench.folder / f"scale-{count}"
        for i in range(count):
            folder = source / f"d{i // 200}"
            if i % 200 == 0:
                folder.mkdir(parents=True)
            (folder / f"f{i}").write_bytes(b"content of file %d\n" % i)
        program = source / "hello"
        program.write_bytes(hello.read_bytes())
        program.chmod(0o755)
        commands[side] = (program, bench.authenticate(f"scale-{count}", source))

    # The few files stand in the column "native": what counts is how start-up grows.
    def start(side, *shell):
        program, environment = commands[side]
        command = [*shell, f"{program}; {program}"] if shell else [program]
        return bench.timed_ms([*bench.scone_run, *command], environment)

    for key, shell in (("many_files", ()), ("many_files_child", ("/bin/sh", "-c"))):
        start("ours", *shell)
        bench.alternate(key, lambda: start("native", *shell), lambda: start("ours", *shell))
