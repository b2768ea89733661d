#!/usr/bin/env python3
"""SCONE_PIPE and SCONE_SOCKETPAIR in a start without attestation: each value, and one that there is not.

usage: peer_rules_test.py BIN_FOLDER
"""
import os, pathlib, subprocess, sys, unittest

RUN = pathlib.Path(sys.argv[1]).resolve() / "scone-run"
PROGRAM = """
import os, socket
def attempt(name, make):
    try:
        make()
        print(name, "ok")
    except OSError as failure:
        print(name, failure.errno)
def pipe():
    r, w = os.pipe()
    os.write(w, b"any bytes")
    assert os.read(r, 100) == b"any bytes"
def pair():
    for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET, socket.SOCK_DGRAM):
        a, b = socket.socketpair(socket.AF_UNIX, kind)
        a.send(b"any bytes")
        assert b.recv(100) == b"any bytes"
attempt("pipe", pipe)
attempt("socketpair", pair)
"""
EACCES = "13"


class PeerRulesTest(unittest.TestCase):
    def run_with(self, **settings):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("SCONE_")}
        # Standard input and output are pipes of the host, whatever the values are.
        return subprocess.run([RUN, "--heap", "512M", "--", "/usr/bin/python3", "-c", PROGRAM], input="",
                              capture_output=True, text=True, timeout=120, env=environment | settings)

    def results(self, **settings):
        done = self.run_with(**settings)
        self.assertEqual(done.returncode, 0, done.stderr)
        return dict(line.split() for line in done.stdout.splitlines())

    def test_each_value(self):
        both = {"pipe": "ok", "socketpair": "ok"}
        self.assertEqual(self.results(), both)
        for value in ("", "allow", "allow-events"):
            self.assertEqual(self.results(SCONE_PIPE=value, SCONE_SOCKETPAIR=value), both, value)
        self.assertEqual(self.results(SCONE_PIPE="deny"), both | {"pipe": EACCES})
        self.assertEqual(self.results(SCONE_SOCKETPAIR="deny"), both | {"socketpair": EACCES})

    def test_an_unknown_value_is_fatal(self):
        for name in ("SCONE_PIPE", "SCONE_SOCKETPAIR"):
            done = self.run_with(**{name: "events"})
            self.assertEqual((done.returncode, done.stdout), (134, ""))
            self.assertIn(f"{name} must be deny, allow-events or allow", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
