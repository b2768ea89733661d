"""Threads, processes, futexes."""


def measure(bench):
    bench.alternate_program(bench.compile("tasks.c"))
