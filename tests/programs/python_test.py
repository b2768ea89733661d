#!/usr/bin/env python3
"""python3.11 as Debian ships it.

usage: python_test.py BIN_FOLDER
"""
from under_scone import HERE, ProgramTest, main

PYTHON = "/usr/bin/python3.11"


class PythonTest(ProgramTest):
    def script(self, name, *arguments):
        self.same_as_native(PYTHON, "-I", str(HERE / "python" / name), *arguments)

    def test_threads_signals_asyncio(self):
        self.script("threads.py")

    def test_multiprocessing_by_fork(self):
        self.script("processes.py", "fork")

    def test_multiprocessing_by_spawn(self):
        self.script("processes.py", "spawn")

    def test_subprocess_and_fork(self):
        self.script("spawning.py")

    def test_libraries(self):
        self.script("libraries.py")


if __name__ == "__main__":
    main()
