#!/usr/bin/env python3
"""Manual pages: well formed, complete, and with the options that the programs have.

usage: manual_test.py BUILD_FOLDER
"""
import os, pathlib, re, subprocess, sys, unittest

BUILD = pathlib.Path(sys.argv[1]).resolve()
PAGES = sorted((BUILD / "share/man").glob("man*/*.[0-9]"))
PROGRAMS = {"scone", "sconify_image", "scone-run", "scone-cas", "scone-las"}
SECTIONS = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "ENVIRONMENT", "FILES", "EXIT STATUS", "EXAMPLES", "SEE ALSO"]
OPTION = re.compile(r"^ +(?:-(\w), )?--([\w-]+)", re.M)


def run(*command, **more):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, **more)


def help_of(*words):
    done = run(BUILD / "bin" / words[0], *words[1:], "--help")
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


def commands_below(words, text):
    """The words of each command below, as its help lists them."""
    if "\nSUBCOMMANDS:\n" not in text:
        return
    for name in re.findall(r"^    (\S+)", text.split("\nSUBCOMMANDS:\n")[1].split("\n\n")[0], re.M):
        deeper = (*words, name)
        yield deeper
        yield from commands_below(deeper, help_of(*deeper))


def plain(page):
    """What the page shows, without overstriking."""
    text = run("mandoc", "-Tascii", "-Owidth=1000", page).stdout
    return re.sub(r".\x08", "", text)


class ManualTest(unittest.TestCase):
    def test_every_program_has_one(self):
        self.assertEqual({page.stem for page in PAGES}, PROGRAMS)

    def test_they_are_well_formed(self):
        for page in PAGES:
            self.assertEqual(run("mandoc", "-Tlint", "-Wwarning", page).stdout, "")
            done = run("man", "--warnings=w", "-l", page, env=dict(os.environ, LANG="C.UTF-8", MANWIDTH="80"))
            self.assertEqual((done.returncode, done.stderr), (0, ""), page)

    def test_every_section_is_there_and_says_something(self):
        for page in PAGES:
            parts = re.split(r"^([A-Z][A-Z ]+)$", plain(page), flags=re.M)
            found = dict(zip(parts[1::2], parts[2::2]))
            self.assertEqual([name for name in found if name in SECTIONS], SECTIONS, page)
            for name in SECTIONS:
                self.assertTrue(found[name].strip(), f"{page}: {name}")

    def test_options_are_those_of_the_help(self):
        for page in PAGES:
            text = plain(page)
            helps = [help_of(page.stem)]
            for words in commands_below((page.stem,), helps[0]):
                helps.append(help_of(*words))
                if "\nSUBCOMMANDS:\n" not in helps[-1]:
                    self.assertIn("\n   " + " ".join(words) + "\n", text, f"{page} lacks {words}")
            self.assertEqual(sorted(set(OPTION.findall(text))), sorted(set(OPTION.findall("\n".join(helps)))), page)

    def test_the_exit_status_is_the_table(self):
        table = re.findall(r"^\| (\d+) \| (\S+) \|", run(BUILD / "bin/scone", "help-exit-codes").stdout, re.M)
        self.assertGreater(len(table), 8)
        for page in PAGES:
            status = plain(page).split("\nEXIT STATUS\n")[1].split("\nEXAMPLES\n")[0]
            self.assertEqual(re.findall(r"^ +(\d+) +([a-z-]+):", status, re.M), table, page)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
