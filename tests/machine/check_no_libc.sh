#!/bin/sh
# The files that run with the program's FS or vector state may use nothing of the C library.
# Usage: check_no_libc.sh ARCHIVE MEMBER...
set -eu
archive=$1
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
ar x "$archive" "$@"
status=0
for member in "$@"; do
    # Ours: names of our namespace, of the assembly, and the linker's own.
    for symbol in $(nm -u --format=just-symbols "$member"); do
        case $symbol in
        _ZN*5scone* | _ZTVN5scone* | scone_sim_* | _GLOBAL_OFFSET_TABLE_) ;;
        *)
            echo "$member uses $symbol"
            status=1
            ;;
        esac
    done
    if objdump -d --no-show-raw-insn "$member" | grep -E '%([xyz]?mm[0-9]|st|fs:)|^ *[0-9a-f]+:\sf' >"$member.txt"; then
        echo "$member uses vector or x87 registers, or thread-local storage:"
        head -3 "$member.txt"
        status=1
    fi
done
exit $status
