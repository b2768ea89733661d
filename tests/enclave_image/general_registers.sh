#!/bin/sh
# What is compiled for the enclave's core uses general registers only, whatever the compiler: vector and
# x87 registers hold the program's values while the core runs. Assembly is not looked at.
# Usage: general_registers.sh ARCHIVE...
set -eu
for archive in "$@"; do
    objdump -d --no-show-raw-insn "$archive" | awk -v archive="$archive" '
        / file format / { member = $1; sub(/:$/, "", member); compiled = member ~ /\.cpp\.o$/; next }
        !compiled || !/^ *[0-9a-f]+:\t/ { next }
        { instructions++ }
        /%([xyz]?mm[0-9]|st|k[0-7])|^ *[0-9a-f]+:\tf|mxcsr/ { print member " in " archive ":" $0; found = 1 }
        END {
            if (!instructions) print "no compiled code in " archive
            exit found || !instructions
        }'
done
