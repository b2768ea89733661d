"""Pipes between threads and between processes."""


def measure(bench):
    bench.alternate_program(bench.compile("ipc.c"))
