#!/usr/bin/env python3
"""node as Debian ships it.

usage: node_test.py BIN_FOLDER
"""
from under_scone import HERE, ProgramTest, main


class NodeTest(ProgramTest):
    options = ("--heap", "4G", "--fork", "1")

    def script(self, name, **more):
        self.same_as_native("/usr/bin/node", str(HERE / "node" / name), **more)

    def test_http_and_https(self):
        self.script("server.js")

    def test_workers_and_processes(self):
        self.script("processes.js")

    def test_libraries(self):
        self.script("libraries.js", status=3)


if __name__ == "__main__":
    main()
