#!/bin/sh
# check_image.sh ENCLAVE_IMAGE PROGRAM FIXED_BASE ALLOW: finishes PROGRAM, reads it back, runs it.
set -eu
tool=$1 program=$2 fixed_base=$3 allow=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "check_image: $1" >&2; exit 1; }

"$tool" --in "$program" --out "$work/image" --allow "$allow"

# binutils must find none of the instructions outside the two entries.
objdump -d --no-show-raw-insn "$work/image" |
    awk '/^[0-9a-f]+ </ { f = $2 } $2 == "syscall" || $2 == "cpuid" { print $2, f }' |
    grep -v '<scone_provisioning_' > "$work/left" || true
allowed() { grep -q "^$1 *$2 " "$allow"; }
while read -r kind function; do
    name=$(echo "$function" | tr -d '<>:')
    allowed "$kind" "$name" || fail "$kind left in $name"
done < "$work/left"

readelf -r "$work/image" | grep -q R_X86_64_RELATIVE && fail "relative relocations left"
readelf -n "$work/image" > "$work/notes"
grep -q 'description data: 00 00 00 80 0f 00 00 00' "$work/notes" || fail "no note with the base"
[ "$(grep -c 'SCONE  *0x00000008' "$work/notes")" -ge 3 ] || fail "no notes of the slot and the cpuid left"

python3 "$fixed_base" "$work/image" "$work/run" f80000000
chmod +x "$work/run"
"$work/run" one two > "$work/output" || fail "the finished program ended with $?"
cat "$work/output"
syscalls=$(awk '{ print $2 }' "$work/output")
cpuids=$(awk '{ print $4 }' "$work/output")
[ "$syscalls" -ge 10 ] || fail "only $syscalls system calls went through the entry"
[ "$cpuids" -ge 5 ] || fail "only $cpuids cpuid went through the entry"

# The same input gives the same bytes.
"$tool" --in "$program" --out "$work/again" --allow "$allow" > "$work/report"
cmp "$work/image" "$work/again"

# What is not allowed is refused, by name.
: > "$work/empty"
if "$tool" --in "$program" --out "$work/refused" --allow "$work/empty" 2> "$work/error"; then
    fail "accepted instructions that no list allows"
fi
grep -q "scone_provisioning_syscall_entry" "$work/error" || fail "the message names no function"
[ ! -e "$work/refused" ] || fail "a refused image was written"
if "$tool" --in /bin/ls --out "$work/refused" 2> "$work/error"; then
    fail "accepted a dynamic program"
fi
