# coreutils, findutils, grep, sed, awk and diff on a tree of some size.
set -eu
echo "-- text"
seq 1 200000 | awk '{ print ($1 * 7919) % 200003 }' > numbers
sort -n numbers | head -n 3; sort -n -S 1M --parallel=2 numbers | sha256sum; sort -u numbers | wc -l
shuf -i 1-1000 --random-source=numbers | sort -n | md5sum
split -l 30000 numbers part. && ls part.* | tr '\n' ' '; cat part.* | cmp - numbers && echo same; rm part.*
cut -c1-3 numbers | uniq -c | tail -n 2; tac numbers | head -n 1; nl numbers | tail -n 1; paste -d: <(seq 3) <(seq 4 6)
head -c 100000 numbers | base64 | base64 -d | cksum; od -A x -t x1z -N 32 numbers; comm -12 <(seq 5) <(seq 3 9) | tr '\n' ' '
join <(seq 1 5 | sed 's/$/ a/') <(seq 3 7 | sed 's/$/ b/'); fold -w 10 <<< "some longer text here" ; expr 6 \* 7; factor 1234567890
tee one two < numbers | wc -c; cmp one two; csplit -s numbers 100 200; ls xx0*; date -u -d @86400 +%F; seq -s, 5; printf '%05.1f|%s\n' 2.5 x
echo "-- files"
mkdir -p tree/{a,b,c}/{1,2,3}; for d in tree/*/*; do for i in $(seq 5); do head -c $((i * 1000)) numbers > "$d/file $i"; done; done
ln -s ../a/1 tree/b/link; ln "tree/a/1/file 1" tree/hard; touch -d '2020-02-02 02:02:02Z' "tree/c/3/file 5"; chmod 751 tree/c; mkfifo tree/fifo
cp -a tree copy; diff -r --no-dereference tree/a copy/a && echo copied; stat -c '%a %s %h %F %Y' copy/c "copy/c/3/file 5" copy/hard copy/fifo copy/b/link | sed '$d' | sed '1s/[0-9]*$//' | sed '3,4s/[0-9]*$//'
du -s --apparent-size -B1000 tree; ls -lR tree | awk '{ print $1, $5 }' | grep -v total | md5sum; ls -i tree/hard > /dev/null; readlink -f tree/b/link | sed 's|.*/tree|tree|'
dd if=numbers of=dd.out bs=4k count=20 skip=5 conv=fsync,notrunc 2>&1 | head -n 2; dd if=/dev/zero of=sparse bs=1 count=1 seek=10M status=none; stat -c %s sparse; truncate -s 5M sparse; stat -c %s sparse
install -D -m 640 numbers deep/er/file; stat -c %a deep/er/file; mv deep moved; rmdir moved 2>&1 | sed 's/.*: //' || true; rm -r moved
mktemp -d -p . > /dev/null; realpath --relative-to=tree copy; test -x /bin/ls && [ tree -nt /etc ] && echo newer; df . > /dev/null; sync; sha256sum numbers > sums; sha256sum -c sums; b2sum numbers | cut -c1-16; sum numbers
timeout 0.2 sleep 20 || echo "timeout $?"; timeout -s KILL 0.2 sleep 20 || echo "killed $?"; nice -n 5 true; nohup true 2> /dev/null; env -u HOME A=1 sh -c 'echo $A ${HOME-unset}'; id -u; stdbuf -oL echo buffered; nproc > /dev/null; tty || true; uname -s; whoami; yes | head -n 2
tail -n 2 -f growing --pid=$$ --retry 2> /dev/null & sleep 0.2; kill $!; wait $! || echo "tail $?"
echo "-- findutils"
find tree -type f -size -3 | sort | head -n 3; find tree -name 'file *' -exec grep -c 7 {} + | sort | head -n 3; find tree -type f -name '*5' -exec sh -c 'wc -c < "$1"' _ {} \; | sort -u
find tree -type f -print0 | xargs -0 -P 4 -n 3 sha256sum | sort | sha256sum; seq 20 | xargs -P 8 -I{} sh -c 'sleep 0.0{}; exit 0'; find copy -newer tree -prune -o -type l -print; find copy -depth -name b -exec rm -r {} \; ; find copy -type d | wc -l
seq 3 | xargs -n 1 sh -c 'exit $0' || echo "xargs $?"; locate --version > /dev/null 2>&1 || true
echo "-- grep, sed, awk, diff"
grep -rl 199999 tree | wc -l; grep -c '^1.*9$' numbers; grep -P '(\d)\1\1\1' numbers | wc -l; sed -i.bak 's/^1/one/; 5q' one; cat one; sed -n '/9$/{p;q}' two
awk -F: '$3 == 0 { print $1 | "cat"; close("cat") } END { while (("echo x; echo y" | getline line) > 0) print line; "date" | getline now; print length(now) > 0; system("exit 3") }' /etc/passwd; cat 0 2>/dev/null; diff -u <(seq 3) <(seq 2 4) | tail -n +3 || true; patch -s two <<< $'1c1\n< 7919\n---\n> patched' ; head -n 1 two
