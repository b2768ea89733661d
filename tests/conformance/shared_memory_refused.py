#!/usr/bin/env python3
"""Memory that processes share is refused, with a message that names the variable, where it may not
lie outside of the enclave; a single process keeps it inside.

usage: shared_memory_refused.py SCONE_RUN
"""
import os, subprocess, sys, unittest

SCONE_RUN = sys.argv[1]
NAMED = "SCONE_SHARED_MEMORY=insecure"
# What each way to shared memory ends with.
PROGRAM = """
import ctypes, mmap, os, tempfile
libc = ctypes.CDLL(None, use_errno=True)
def attempt(name, function):
    try:
        function()
        print(name, "ok")
    except OSError as failure:
        print(name, failure.errno)
def segment():
    identifier = libc.shmget(0, 4096, 0o1600)
    if identifier < 0:
        raise OSError(ctypes.get_errno(), "shmget")
    libc.shmctl(identifier, 0, None)
def shared_file(folder):
    with tempfile.TemporaryFile(dir=folder) as file:
        file.truncate(4096)
        mmap.mmap(file.fileno(), 4096)[0] = 1
attempt("anonymous", lambda: mmap.mmap(-1, 4096))
attempt("private", lambda: mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
attempt("file", lambda: shared_file("/tmp"))
attempt("posix", lambda: shared_file("/dev/shm"))
attempt("read-only", lambda: mmap.mmap(os.open("/etc/passwd", os.O_RDONLY), 0, prot=mmap.PROT_READ))
attempt("system-v", segment)
"""


def run(fork, sharing):
    done = subprocess.run([SCONE_RUN, "--heap", "512M", "--fork", fork, "--", "python3", "-c", PROGRAM],
                          env=dict(os.environ, SCONE_SHARED_MEMORY=sharing), capture_output=True, text=True,
                          timeout=120)
    return dict(line.split() for line in done.stdout.splitlines()), done.stderr


class SharedMemoryRefused(unittest.TestCase):
    def test_several_processes(self):
        results, messages = run("1", "deny")
        self.assertEqual(results, {"anonymous": "1", "private": "ok", "file": "1", "posix": "1",
                                   "read-only": "ok", "system-v": "1"}, messages)
        self.assertEqual(messages.count(NAMED), 1, messages)

    def test_one_process_keeps_it_inside(self):
        results, messages = run("0", "deny")
        self.assertEqual(results, {"anonymous": "ok", "private": "ok", "file": "ok", "posix": "ok",
                                   "read-only": "ok", "system-v": "1"}, messages)

    def test_a_start_without_attestation_may_share_and_warns(self):
        results, messages = run("1", "")
        self.assertEqual(set(results.values()), {"ok"}, messages)
        self.assertEqual(messages.count("lies outside of the enclave"), 1, messages)


unittest.main(argv=sys.argv[:1], verbosity=2)
