#!/usr/bin/env python3
"""What the core uses is measured page by page: it lies in sections of the core. Code and pointers of the
core lead out of them only to the functions of the hosted layer that it calls once that is checked.
usage: core_test.py LINKED_ENCLAVE (before enclave_image)"""
import bisect, re, subprocess, sys

linked = sys.argv[1]
ENTRIES = {"_start", "scone_provision", "scone_report_exit", "scone_fill_template", "scone_forget_secrets"}


def output(*command):
    return subprocess.run([*command, linked], check=True, capture_output=True, text=True).stdout


sections = sorted((int(start, 16), int(start, 16) + int(size, 16), name) for name, start, size in re.findall(
    r"\] (\S+) +\S+ +([0-9a-f]{16}) [0-9a-f]+ ([0-9a-f]+)", output("readelf", "-SW")) if int(start, 16))


def section_of(address):
    at = bisect.bisect(sections, (address, 1 << 64)) - 1
    return sections[at][2] if at >= 0 and sections[at][0] <= address < sections[at][1] else None


def is_measured(section):
    return section is None or section.startswith((".core.", ".scone.", ".note.scone"))


symbols = {int(value, 16): name for value, name in re.findall(
    r"([0-9a-f]{16}) +\d+ +FUNC +\S+ +\S+ +\d+ (\S+)", output("readelf", "-sW"))}
wrong = []
code = output("objdump", "-d", "--no-show-raw-insn", "-j", ".core.text")
targets = re.findall(r"(?:# |(?:call|j[a-z]+) +)([0-9a-f]+) <", code)
assert len(targets) > 20000, f"only {len(targets)} references were found in the core"
for target in {int(target, 16) for target in targets}:
    if not is_measured(section_of(target)) and symbols.get(target) not in ENTRIES:
        wrong.append(f"code refers to {target:#x} {symbols.get(target, '')} in {section_of(target)}")
pointers = re.findall(r"^([0-9a-f]{16}) +\S+ R_X86_64_RELATIVE +([0-9a-f]+)", output("readelf", "-rW"), re.M)
in_core = [(int(place, 16), int(target, 16)) for place, target in pointers
           if (section_of(int(place, 16)) or "").startswith(".core.")]
assert len(in_core) > 1000, f"only {len(in_core)} pointers were found in the core"
for place, target in in_core:
    if not is_measured(section_of(target)):
        wrong.append(f"pointer at {place:#x} to {target:#x} {symbols.get(target, '')} in {section_of(target)}")
if wrong:
    sys.exit("the core uses what is not measured with it:\n" + "\n".join(wrong[:20]))
print(f"{len(targets)} references, {len(in_core)} pointers")
