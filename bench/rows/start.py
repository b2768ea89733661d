"""Start of programs, from exec to exit."""


def measure(bench):
    hello = bench.compile("hello.c", "-static")
    for key, command in (("hello", [hello]), ("python", ["/usr/bin/python3", "-c", "pass"])):
        bench.run([*bench.scone_run, *command])  # files of the image into the page cache
        bench.alternate(key, lambda: bench.timed_ms(command), lambda: bench.timed_ms([*bench.scone_run, *command]))
