#!/usr/bin/env python3
"""Runs the commands of README.md, CONTRIBUTING.md and docs/how-to/*.md as they are written there.

usage: commands_test.py BUILD_FOLDER SOURCE_FOLDER [TEST...]

Each document gets an empty folder in which the source tree is linked, the built programs on PATH, and network,
mounts and process ids of its own. Its blocks are taken in order: every line of an `sh` block is run and must end
with 0; a block `toml NAME` is written to the file NAME. What cannot be run as it stands has an entry in
commands.toml. A command without either fails, and so does an entry that no document uses.
"""
import contextlib, os, pathlib, re, shlex, shutil, socket, subprocess, sys, tempfile, time, tomllib, unittest

BUILD, SOURCE = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
if os.environ.get("SCONE_TEST_NETNS") != "1":
    subprocess.run([SOURCE / "examples/flask/make-native-image", "--fetch"], check=True)
    os.environ["SCONE_TEST_NETNS"] = "1"
    os.execvp("unshare", ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child",
                          sys.executable, *sys.argv])  # fmt: skip
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)

LANGUAGES = {"sh", "text", "toml"}
TABLE = tomllib.loads((pathlib.Path(__file__).parent / "commands.toml").read_text())
DOCUMENTS = ["README.md", "CONTRIBUTING.md", *sorted(str(path.relative_to(SOURCE))
                                                     for path in SOURCE.glob("docs/how-to/*.md"))]  # fmt: skip
OURS = {"scone", "sconify_image", "scone-run", "scone-cas", "scone-las", "enclave_image"}
ROOT_FOLDERS = {"/var/lib"}  # documents write there; each gets an empty one


class Malformed(Exception):
    pass


def blocks(text, name):
    """(language, further words, lines) of each fenced block; `text` without them."""
    found, prose, fence = [], [], None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            if fence is None:
                language, *words = line[3:].split() or [""]
                if language not in LANGUAGES:
                    raise Malformed(f"{name}:{number}: a block says what it is: ```{' or ```'.join(sorted(LANGUAGES))}")
                fence = (language, words, [])
                found.append(fence)
            else:
                fence = None
        elif fence is not None:
            fence[2].append(line)
        elif line.startswith("    ") and not (prose and prose[-1].strip()):
            raise Malformed(f"{name}:{number}: write code between fences that say what it is")
        else:
            prose.append(line)
    return found, "\n".join(prose)


def command_lines(lines):
    """Lines joined where a backslash continues them, without comments."""
    whole = ""
    for line in lines:
        whole += line.strip().removesuffix("\\")
        if line.endswith("\\"):
            continue
        if whole and not whole.startswith("#"):
            yield " ".join(whole.split())
        whole = ""


def inline_commands(prose):
    """Code in a sentence that somebody could type: a program of this tree, or any program with arguments.
    A command of `scone` by its name alone is one that its reference has."""
    names = set(re.findall(r"^## (scone .*)$", (SOURCE / "docs/reference/scone.md").read_text(), re.M))
    for span in re.findall(r"`([^`]+)`", prose.replace("\n", " ")):
        words = span.split()
        if span in names:
            continue
        own = os.access(SOURCE / words[0], os.X_OK) and (SOURCE / words[0]).is_file()
        if own or (len(words) > 1 and (words[0] in OURS or shutil.which(words[0]))):
            yield " ".join(words)


def entry_of(document, command):
    for entry in TABLE["command"]:
        if entry["document"] == document and command in entry["command"]:
            entry.setdefault("used", set()).add(command)
            return entry
    return None


def known_tests():
    names = set()
    for file in BUILD.rglob("CTestTestfile.cmake"):
        names.update(re.findall(r"add_test\(\[=\[(.*?)\]=\]", file.read_text()))
    return names


class World:
    """The folder in which one document's commands run, and the servers that they started."""

    def __init__(self, test):
        self.test = test
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="scone-documents-"))
        test.addCleanup(shutil.rmtree, self.folder, True)
        for path in SOURCE.iterdir():
            if path.name not in (".git", "build"):
                (self.folder / path.name).symlink_to(path)
        (self.folder / "home").mkdir()
        for path in ROOT_FOLDERS:
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", path], check=True)
            test.addCleanup(subprocess.run, ["umount", "--lazy", path], check=True)
        self.environment = {
            "PATH": f"{BUILD}/bin:{os.environ['PATH']}", "HOME": str(self.folder / "home"), "LANG": "C.UTF-8",
            "SCONE_CACHE": os.environ.get("SCONE_CACHE", os.path.expanduser("~/.cache/scone")),
            "DOCKER_HOST": f"unix://{self.folder}/no-daemon.sock"}  # fmt: skip

    def run(self, command):
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=self.folder, env=self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        self.test.assertEqual(done.returncode, 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")

    def serve(self, command, ports):
        log = open(self.folder / "server.log", "w+")
        self.test.addCleanup(log.close)
        words = shlex.split(command.removesuffix("&"))
        process = subprocess.Popen(words, executable=shutil.which(words[0], path=self.environment["PATH"]),
                                   cwd=self.folder, env=self.environment, stdout=log, stderr=log)
        self.test.addCleanup(self.stop, process)
        end = time.time() + 120
        for port in ports:
            while time.time() < end and process.poll() is None:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.1)
            else:
                self.test.fail(f"{command}\nport {port} does not answer\n{pathlib.Path(log.name).read_text()[-3000:]}")

    def stop(self, process):
        process.terminate()
        process.wait(30)


class CommandsTest(unittest.TestCase):
    def follow(self, document):
        found, prose = blocks((SOURCE / document).read_text(), document)
        world = World(self)
        for setup in TABLE.get("setup", []):
            if document in setup["document"]:
                self.carry_out(world, setup["command"], setup)
        for language, words, lines in found:
            if language == "toml" and words:
                (world.folder / words[0]).write_text("\n".join(lines) + "\n")
            if language == "sh":
                for command in command_lines(lines):
                    with self.subTest(command=command):
                        self.carry_out(world, command, entry_of(document, command))
        for command in inline_commands(prose):
            with self.subTest(inline=command):
                entry = entry_of(document, command)
                self.assertIsNotNone(entry, f"{document} names `{command}`: give it an entry in commands.toml")
                self.carry_out(world, command, entry)

    def carry_out(self, world, command, entry):
        entry = entry or {}
        if "mention" in entry:
            return
        if "test" in entry:
            self.assertIn(entry["test"], known_tests())
        elif "serve" in entry:
            world.serve(command, entry["serve"])
        else:
            world.run(entry.get("run", command))

    def test_every_entry_is_used(self):
        for entry in TABLE["command"]:
            found, prose = blocks((SOURCE / entry["document"]).read_text(), entry["document"])
            written = set(inline_commands(prose))
            for language, _, lines in found:
                if language == "sh":
                    written.update(command_lines(lines))
            for command in entry["command"]:
                self.assertIn(command, written, f"{entry['document']} has no such command")
            self.assertEqual(len({"mention", "test", "serve", "run"} & entry.keys()), 1, entry)


for document in DOCUMENTS:
    setattr(CommandsTest, "test_" + re.sub(r"\W+", "_", document), lambda self, name=document: self.follow(name))

if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
