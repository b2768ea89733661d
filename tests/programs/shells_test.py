#!/usr/bin/env python3
"""Shells, and the kinds of scripts that a kernel starts by their first line.

usage: shells_test.py BIN_FOLDER
"""
from under_scone import HERE, ProgramTest, main

FULL = str(HERE / "shells/full.sh")


class ShellsTest(ProgramTest):
    def test_dash(self):
        self.same_as_native("/bin/dash", FULL, status=5)

    def test_bash(self):
        self.same_as_native("/bin/bash", FULL, status=5)
        self.same_as_native("/bin/bash", str(HERE / "shells/bash_only.sh"))

    def test_busybox(self):
        self.same_as_native("/bin/busybox", "sh", FULL, status=5)

    def test_script_from_standard_input(self):
        self.same_as_native("/bin/bash", text="read -r x\nthe data\necho \"got $x\"; cat\nrest\nof it\n")

    def test_first_line_names_the_interpreter(self):
        def script(path, text):
            path.write_text(text)
            path.chmod(0o755)

        def prepare(folder):
            script(folder / "plain", "#!/bin/sh\necho \"plain $0 $*\"\n")
            script(folder / "argument", "#!/bin/sed -f\ns/o/0/\n")
            script(folder / "two words", "#! /bin/echo  one two \n")
            script(folder / "env", "#!/usr/bin/env -S perl -l -n\nBEGIN { print \"env @ARGV\"; @ARGV = () }\n")
            script(folder / "inner", "#!/bin/cat\ninner text\n")
            script(folder / "outer", "#!./inner with argument\nouter text\n")
            script(folder / "binary", "\0\1\2 no interpreter")
            script(folder / "none", "echo no first line\n")
            script(folder / "missing", "#!/does/not/exist\n")
        self.same_as_native(
            "/bin/bash", "-c", "./plain a 'b c'; echo one two | ./argument; './two words' three; ./env x y </dev/null; ./none; "
            "for f in outer binary missing; do ./$f 2>/dev/null; echo $f $?; done; PATH=.:$PATH; plain by path; "
            "exec ./plain last", prepare=prepare)
        for name, arguments in (("plain", ["a", "b c"]), ("argument", []), ("two words", ["3"]), ("inner", [])):
            with self.subTest(name=name):
                self.same_as_native("./" + name, *arguments, prepare=prepare)


if __name__ == "__main__":
    main()
