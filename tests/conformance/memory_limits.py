#!/usr/bin/env python3
"""What happens at the limits of memory: an exhausted heap is ENOMEM with SCONE's message, a heap that
cannot fit is refused at the start, and memory comes back when it is freed, in children too.

usage: memory_limits.py SCONE_RUN
"""
import os, subprocess, sys, unittest

SCONE_RUN = sys.argv[1]
EXHAUSTED = "Protected heap memory exhausted! Set SCONE_HEAP environment variable to increase it."


def run(program, *options):
    return subprocess.run([SCONE_RUN, *options, "--", "python3", "-c", program], capture_output=True,
                          text=True, timeout=200)


class MemoryLimits(unittest.TestCase):
    def test_more_than_the_heap_is_enomem_with_the_message(self):
        done = run("""
import mmap
kept = []
for i in range(64):
    try:
        kept.append(mmap.mmap(-1, 16 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
    except OSError as failure:
        print("errno", failure.errno, i > 2)
        break
    for at in range(0, 16 << 20, 4096):
        kept[-1][at] = 1
kept.clear()
one = mmap.mmap(-1, 100 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for at in range(0, 100 << 20, 4096):
    one[at] = 1
print("again")
""", "--heap=256M")
        self.assertEqual((done.stdout, done.returncode), ("errno 12 True\nagain\n", 0), done.stderr)
        self.assertEqual(done.stderr.count(EXHAUSTED), 1, done.stderr)
        self.assertRegex(done.stderr, r"\n    Available memory: \d+ kB\n")

    def test_one_request_above_the_heap(self):
        done = run("""
try:
    bytearray(600 << 20)
except MemoryError:
    print("refused")
""", "--heap=256M")
        self.assertEqual((done.stdout, done.returncode), ("refused\n", 0), done.stderr)
        self.assertIn(EXHAUSTED, done.stderr)

    def test_children_have_the_same_limit(self):
        done = run("""
import os
for i in range(3):
    pid = os.fork()
    if pid == 0:
        try:
            kept = [bytes(8 << 20) + b"x" for _ in range(60)]
            os._exit(1)
        except MemoryError:
            kept = None
            os._exit(7)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print(len(bytes(100 << 20) + b"x"))
""", "--heap=320M", "--fork=1")
        self.assertEqual((done.stdout, done.returncode), ("7\n7\n7\n104857601\n", 0), done.stderr)

    def test_reservations_are_free(self):
        done = run("""
import mmap
kept = [mmap.mmap(-1, 4 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=0) for _ in range(10)]
print(len(kept))
""", "--heap=256M")
        self.assertEqual((done.stdout, done.stderr.count(EXHAUSTED)), ("10\n", 0), done.stderr)

    def test_a_heap_that_cannot_fit_is_refused(self):
        for size in ("300G", "61G"):
            done = run("pass", f"--heap={size}")
            self.assertNotEqual(done.returncode, 0, size)
            self.assertIn("64K to 60G", done.stderr)
            self.assertIn(size, done.stderr)

    def test_the_stack_is_as_large_as_it_was_asked_for(self):
        done = run("""
import resource, threading
print(resource.getrlimit(resource.RLIMIT_STACK)[0])
def sums(depth):
    return depth and sums(depth - 1) + 1
thread = threading.Thread(target=lambda: print(sums(500)))
thread.start()
thread.join()
""", "--heap=256M", "--stack=4M")
        self.assertEqual((done.stdout, done.returncode), ("4194304\n500\n", 0), done.stderr)


unittest.main(argv=sys.argv[:1], verbosity=2)
