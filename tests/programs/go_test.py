#!/usr/bin/env python3
"""A Go program, static and with cgo, and the Go tool itself.

usage: go_test.py BIN_FOLDER
"""
import os, subprocess
from under_scone import HERE, ProgramTest, environment, main


class GoTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for cgo, name in (("0", "static"), ("1", "cgo")):
            subprocess.run(["go", "build", "-o", cls.built / name, "."], check=True, cwd=HERE / "go",
                           env=environment(CGO_ENABLED=cgo, GO111MODULE="off", GOFLAGS="", GOCACHE=os.environ.get(
                               "SCONE_TEST_GOCACHE", str(cls.built / "cache")), HOME=str(cls.built)))

    def test_static(self):
        self.same_as_native(str(self.built / "static"), status=4)

    def test_cgo(self):
        self.same_as_native(str(self.built / "cgo"), status=4)


if __name__ == "__main__":
    main()
