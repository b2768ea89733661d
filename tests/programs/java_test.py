#!/usr/bin/env python3
"""OpenJDK 17: the compiler, and a program with each of three collectors.

usage: java_test.py BIN_FOLDER
"""
import subprocess
from under_scone import HERE, ProgramTest, environment, main


class JavaTest(ProgramTest):
    options = ("--heap", "6G", "--fork", "1")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        subprocess.run(["javac", "-d", cls.built, HERE / "java/Work.java"], check=True, env=environment())

    def work(self, *options):
        self.same_as_native("/usr/bin/java", "-Xmx96m", *options, "-cp", str(self.built), "Work", status=6)

    def test_serial_collector(self):
        self.work("-XX:+UseSerialGC")

    def test_g1_collector(self):
        self.work("-XX:+UseG1GC")

    def test_source_launcher_compiles_in_the_enclave(self):
        def prepare(folder):
            (folder / "Hello.java").write_text('class Hello { public static void main(String[] a) { '
                                               'System.out.println("hello " + String.join(",", a)); } }')
        self.same_as_native("/usr/bin/java", "-Xmx128m", "Hello.java", "x", "y", prepare=prepare)


if __name__ == "__main__":
    main()
