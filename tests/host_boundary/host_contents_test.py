#!/usr/bin/env python3
"""What pipes and pairs of sockets carry does not reach the host: neither its calls nor its memory show it.

usage: host_contents_test.py BIN_FOLDER
"""
import contextlib, os, pathlib, signal, subprocess, sys, tempfile, unittest

RUN = pathlib.Path(sys.argv[1]).resolve() / "scone-run"
# The program makes the text itself, so that it stands nowhere else.
MARK = b"mark-42." * 6
PROGRAM = """
import os, socket, sys
mark = b"mark-%d." % (6 * 7) * 6
def give(send, receive):
    send(mark + b"1"); assert receive().startswith(mark)
    child = os.fork()
    if child == 0:
        send(mark + b"2"); os._exit(0)
    os.waitpid(child, 0)
    assert receive().startswith(mark)
    send(mark + b"3")   # stays where it is
def keep(name):
    if name == "pipe":
        r, w = os.pipe()
        give(lambda b: os.write(w, b), lambda: os.read(r, 500))
        return r, w
    if name == "named":
        listener = socket.socket(socket.AF_UNIX); listener.bind("name"); listener.listen()
        a = socket.socket(socket.AF_UNIX); a.connect("name"); b, _ = listener.accept()
    else:
        a, b = socket.socketpair(socket.AF_UNIX, getattr(socket, "SOCK_" + name))
    give(a.send, lambda: b.recv(500))
    return a, b
kept = [keep(name) for name in sys.argv[1:]]
print("ready", flush=True)
sys.stdin.read()
"""


def memory_of(group):
    """What the host reads in the memory that the processes share."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.getpgid(int(folder.name)) != group:
                continue
            for link in (folder / "fd").iterdir():
                with contextlib.suppress(OSError):
                    if "memfd:scone-pipe" in os.readlink(link):
                        found.append(link.read_bytes())
    return found


class HostContentsTest(unittest.TestCase):
    def seen(self, *kinds):
        with tempfile.TemporaryDirectory(prefix="scone-contents-") as folder:
            log = f"{folder}/calls"
            run = subprocess.Popen(["strace", "-f", "-qq", "-s", "4096", "-o", log, RUN, "--heap", "512M", "--fork",
                                    "1", "--", "/usr/bin/python3", "-c", PROGRAM, *kinds], cwd=folder,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
                                   env=dict(os.environ, SCONE_LOG="FATAL"))
            try:
                self.assertEqual(run.stdout.readline(), b"ready\n")
                memory = memory_of(run.pid)
                run.communicate(b"", timeout=200)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(run.pid, signal.SIGKILL)
            self.assertEqual(run.returncode, 0)
            calls = pathlib.Path(log).read_bytes()
        return MARK in calls, memory

    def test_a_named_socket_is_seen(self):
        self.assertTrue(self.seen("named")[0], "the test sees nothing")

    def test_pipes_and_pairs_are_not(self):
        in_calls, memory = self.seen("pipe", "STREAM", "SEQPACKET", "DGRAM")
        self.assertFalse(in_calls)
        self.assertEqual(len(memory), 3)  # a pipe, and two directions of a stream
        self.assertTrue(any(any(content) for content in memory))
        self.assertFalse(any(MARK in content for content in memory))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
