#!/usr/bin/env python3
"""Runs one conformance program natively and in the enclave: rewritten, trapped and mixed.

usage: run_program.py SCONE_RUN PROGRAM [CASE...]

What does not pass yet stands in expected_failures/programs.txt, one line each: "PROGRAM CASE REASON".
A listed case that passes is an error too.
"""
import os, pathlib, subprocess, sys, tempfile

MODES = (("rewritten", "1"), ("trapped", "0"), ("mixed", "mixed"))
scone_run, program, cases = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve(), sys.argv[3:]
name = program.name.removeprefix("conformance_")
listed = {}
for line in (pathlib.Path(__file__).parent / "expected_failures/programs.txt").read_text().splitlines():
    words = line.split(maxsplit=2)
    if words and not line.startswith("#") and words[0] == name:
        if len(words) < 3:
            sys.exit(f"expected_failures/programs.txt: '{line}' gives no reason")
        listed[words[1]] = words[2]


def run(*prefix, **more):
    with tempfile.TemporaryDirectory(prefix="scone-conformance-") as folder:
        done = subprocess.run([*prefix, program, *cases], cwd=folder, capture_output=True, text=True, timeout=120,
                              env=dict(os.environ, SCONE_LOG="ERROR", LANG="C", **more))
    results = {}
    for line in done.stdout.splitlines():
        words = line.split(maxsplit=2)
        results[words[1].rstrip(":") if len(words) > 1 else "?"] = line
    return done, results


native, wanted = run()
print(native.stdout, end="")
bad = []
if native.returncode != 0 or not wanted:
    bad.append(f"natively it ends with {native.returncode}:\n{native.stdout}{native.stderr}")
for mode, rewrite in MODES:
    ours, results = run(scone_run, "--heap", "512M", "--fork", "1", "--", SCONE_REWRITE=rewrite)
    for case, line in wanted.items():
        got = results.get(case, "(no line)")
        if got != line and case not in listed:
            bad.append(f"{mode}: {case}: {got}")
        elif got == line and case in listed:
            bad.append(f"{mode}: {case} passes now: take it off expected_failures/programs.txt")
    if not set(listed) & set(wanted) and ours.returncode != native.returncode:
        bad.append(f"{mode}: ended with {ours.returncode}, natively {native.returncode}; {ours.stderr[-2000:]}")
print("\n".join(bad), file=sys.stderr)
sys.exit(1 if bad else 0)
