#!/usr/bin/env python3
"""Ends of pipes and pairs of sockets that one program sends to another: refused, whoever opens them.

usage: strangers_test.py BIN_FOLDER
"""
import contextlib, os, pathlib, signal, socket, subprocess, sys, tempfile, unittest

RUN = pathlib.Path(sys.argv[1]).resolve() / "scone-run"
MARK = b"mark-42." * 6
SENDER = """
import os, socket, sys
mark = b"mark-%d." % (6 * 7) * 6
listener = socket.socket(socket.AF_UNIX); listener.bind("name"); listener.listen()
print("ready", flush=True)
peer, _ = listener.accept()
kept = []
for kind in sys.argv[1:]:
    if kind == "pipe":
        mine, sent = os.pipe()[::-1]
        os.write(mine, mark)
    else:
        a, b = socket.socketpair(socket.AF_UNIX, getattr(socket, "SOCK_" + kind))
        a.send(mark); kept += a, b
        mine, sent = a.fileno(), b.fileno()
    socket.send_fds(peer, [kind.encode()], [sent])
    peer.recv(1)
"""
RECEIVER = """
import socket, sys
peer = socket.socket(socket.AF_UNIX); peer.connect("name")
for kind in sys.argv[1:]:
    try:
        socket.recv_fds(peer, 100, 10)
        print(kind, "received")
    except OSError as failure:
        print(kind, failure.errno)
    peer.send(b"n")
"""
KINDS = ("pipe", "STREAM", "SEQPACKET", "DGRAM")
EIO = "5"


class StrangersTest(unittest.TestCase):
    @contextlib.contextmanager
    def sender(self):
        with tempfile.TemporaryDirectory(prefix="scone-strangers-") as folder:
            run = subprocess.Popen(self.command(SENDER), cwd=folder, stdout=subprocess.PIPE, start_new_session=True,
                                   env=self.environment())
            try:
                self.assertEqual(run.stdout.readline(), b"ready\n")
                yield folder
                self.assertEqual(run.wait(60), 0)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(run.pid, signal.SIGKILL)
                run.communicate()

    def command(self, program):
        return [RUN, "--heap", "512M", "--fork", "1", "--", "/usr/bin/python3", "-c", program, *KINDS]

    def environment(self):
        return dict(os.environ, SCONE_LOG="FATAL")

    def test_another_program_gets_an_error(self):
        with self.sender() as folder:
            done = subprocess.run(self.command(RECEIVER), cwd=folder, capture_output=True, text=True, timeout=60,
                                  env=self.environment())
        self.assertEqual(dict(line.split() for line in done.stdout.splitlines()), dict.fromkeys(KINDS, EIO), done.stderr)

    def test_the_host_gets_nothing_in_clear(self):
        with self.sender() as folder, socket.socket(socket.AF_UNIX) as peer:
            peer.connect(f"{folder}/name")
            for kind in KINDS:
                text, fds, _, _ = socket.recv_fds(peer, 100, 10)
                self.assertEqual(text, kind.encode())
                self.assertEqual(len(fds), 2 if kind == "pipe" else 3)
                content = [os.read(fd, 1 << 26) for fd in fds]
                self.assertTrue(content[-1], kind)
                self.assertFalse(any(MARK in part for part in content), kind)
                for fd in fds:
                    os.close(fd)
                peer.send(b"n")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
