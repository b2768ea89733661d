#!/bin/sh
# scone-run and starter as a user calls them.
# Usage: launcher_test.sh FOLDER_OF_PROGRAMS IMAGE MACHINE_TEST_HOST
set -eu
bin=$1
image=$2
host=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export XDG_CACHE_HOME="$folder/cache"
unset SCONE_LOG SCONE_MODE SCONE_HEAP SCONE_STACK SCONE_TCS SCONE_FORK SCONE_HASH SCONE_VERSION || true

fail() {
    echo "launcher_test: $1" >&2
    cat "$folder/out" "$folder/err" >&2
    exit 1
}
# expect STATUS COMMAND...: output in $folder/out and err
expect() {
    wanted=$1
    shift
    got=0
    timeout -s KILL 30 "$@" >"$folder/out" 2>"$folder/err" </dev/null || got=$?
    [ "$got" = "$wanted" ] || fail "expected status $wanted, got $got: $*"
}
err_has() { grep -qF -e "$1" "$folder/err" || fail "stderr lacks: $1"; }

expect 7 "$bin/scone-run" --image="$image" -- /bin/true hello
[ "$(cat "$folder/out")" = "hello from the enclave" ] || fail "wrong output"
err_has '): Application runs in SGX simulation mode. Its memory can be read by the untrusted system! This is not secure!'
[ "$(wc -l <"$folder/err")" = 1 ] || fail "one line on stderr expected"
SCONE_LOG=ERROR expect 7 "$bin/scone-run" --image="$image" /bin/true hello
[ ! -s "$folder/err" ] || fail "SCONE_LOG=ERROR must be silent"

# The measurement: one line, the same again and in SCONE_VERSION, another for other settings.
SCONE_HASH=1 expect 0 "$bin/scone-run" --image="$image" /bin/true
hash=$(cat "$folder/out")
[ ${#hash} = 64 ] && [ ! -s "$folder/err" ] || fail "SCONE_HASH prints 64 digits and nothing else"
SCONE_VERSION=1 expect 7 "$bin/scone-run" --image="$image" /bin/true hello
err_has "Enclave hash: $hash"
err_has "SCONE_HEAP=67108864"
err_has "SCONE_MODE=sim"
SCONE_HASH=1 SCONE_HEAP=128m expect 0 "$bin/scone-run" --image="$image" /bin/true
[ "$(cat "$folder/out")" != "$hash" ] || fail "the heap size must be measured"
other=$(cat "$folder/out")
SCONE_HASH=1 SCONE_HEAP=1g expect 0 "$bin/scone-run" --heap=128M --image="$image" /bin/true
[ "$(cat "$folder/out")" = "$other" ] || fail "options go before variables"
SCONE_HASH=1 expect 0 "$bin/scone-run" --image="$image" /bin/false
[ "$(cat "$folder/out")" != "$hash" ] || fail "the program must be measured"

# A spoilt cache is not believed.
for file in "$folder"/cache/scone/sigstructs-1/*; do printf 'x' >"$file"; done
expect 7 "$bin/scone-run" --image="$image" /bin/true hello

# Refusals: one line, the status of the table.
expect 134 env SCONE_MODE=HW "$bin/scone-run" --image="$image" /bin/true
if [ ! -e /dev/sgx_enclave ]; then
    err_has 'Could not create enclave: Error opening SGX device'
    err_has '[SCONE|ERROR] '
fi
expect 2 "$bin/scone-run" --heap=100G --image="$image" /bin/true
err_has 'expected 64K to 60G in whole pages'
expect 134 "$bin/scone-run" --image="$image" /nosuch
err_has "'/nosuch'"
expect 134 "$bin/scone-run" --image=/etc/hostname /bin/true
err_has 'enclave image is not usable'
expect 134 env SCONE_HEAP=much "$bin/scone-run" --image="$image" /bin/true
err_has 'SCONE_HEAP'
expect 2 "$bin/scone-run" --nonsense
expect 2 "$bin/scone-run"
expect 0 "$bin/scone-run" --help
head -c 20000 "$image" >"$folder/cut.img"
expect 134 "$bin/scone-run" --image="$folder/cut.img" /bin/true
err_has '[SCONE|FATAL] '

# The starter takes what the image has; without it, it says what is missing.
mkdir "$folder/opt"
SCONE_IMAGE_FOLDER="$folder/opt" expect 134 "$bin/starter"
err_has "$folder/opt/enclave.img"
cp "$image" "$folder/opt/enclave.img"
head -c 4096 /dev/zero >"$folder/opt/settings"
head -c 1808 /dev/zero >"$folder/opt/sigstruct"
SCONE_IMAGE_FOLDER="$folder/opt" expect 134 "$bin/starter" hello
err_has "$folder/opt/settings"
"$host" "$image" "$folder/opt" --write
SCONE_IMAGE_FOLDER="$folder/opt" SCONE_HEAP=1G expect 7 "$bin/starter" hello
[ "$(cat "$folder/out")" = "hello from the enclave" ] || fail "wrong output of the starter"
err_has 'SCONE_HEAP differs from the measured settings'
SCONE_IMAGE_FOLDER="$folder/opt" SCONE_HASH=1 expect 0 "$bin/starter"
[ "$(wc -c <"$folder/out")" = 65 ] || fail "SCONE_HASH of the starter"
printf 'x' | dd of="$folder/opt/settings" bs=1 seek=300 conv=notrunc 2>/dev/null
SCONE_IMAGE_FOLDER="$folder/opt" expect 134 "$bin/starter" hello
err_has '[SCONE|FATAL] '
echo "launcher_test: all as expected"
