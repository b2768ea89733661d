# What a shell script does to a system, in POSIX syntax: dash, bash and busybox run it.
set -u
echo "-- pipes and command substitution"
seq 1 1000 | grep 7 | sort -rn | head -n 5 | tr '\n' ' '; echo
sum=$(seq 1 100 | { total=0; while read -r n; do total=$((total + n)); done; echo $total; })
echo "sum $sum nested $(echo "a $(echo "b $(echo c)")")"
false | true; echo "status $?"
(exit 7); echo "subshell $?"
echo "-- here-documents and redirection"
cat <<END > file
value $sum
$(echo generated)
END
cat >> file <<'END'
not $expanded
END
cat file; wc -l < file
exec 3> third; echo to three >&3; exec 3>&-; cat third
exec 4< file; read -r first <&4; read -r second <&4; exec 4<&-; echo "$first|$second"
ls /does/not/exist 2> errors || echo "failed $?"; test -s errors && echo "has errors"
echo both 2>&1 >/dev/null; { echo out; echo err >&2; } 2>&1 | sort
echo "-- background jobs"
for i in 1 2 3 4 5; do (sleep 0.0$i; echo "job $i" > job.$i; exit $i) & pids="${pids:-} $!"; done
for pid in $pids; do wait $pid; printf '%s ' $?; done; echo; cat job.*
sleep 30 & sleeper=$!; kill $sleeper; wait $sleeper; echo "killed $?"
sleep 0.1 & wait; echo "waited $?"
echo "-- traps"
trap 'echo "got USR1"' USR1; kill -USR1 $$; echo after
(trap 'echo leaving' EXIT; echo in subshell)
sh -c 'trap "echo term; exit 9" TERM; kill -TERM $$; sleep 5'; echo "trapped $?"
sh -c 'trap "" TERM; kill -TERM $$; echo ignored'
(sleep 0.2; kill -USR1 $$) & sleep 1 & wait $!; status=$?; [ $status -gt 128 ] && echo "wait was interrupted"
wait
sh -c 'kill -9 $$'; echo "killed by $?"
trap 'echo "bye $?"' EXIT
echo "-- files"
mkdir -p a/b/c; for i in 1 2 3; do echo $i > a/b/c/$i.txt; done
for f in a/b/c/*.txt; do printf '%s=' "$f"; cat "$f"; done
ln -s c a/b/link; cd a/b/link && pwd -P | sed 's|.*/a/|a/|'; cd ../../..
mv a/b/c/1.txt a/b/c/one; rm a/b/c/2.txt; find a | sort; rm -r a; [ ! -e a ] && echo gone
umask 027; : > masked; ls -l masked | cut -c1-10
mkfifo pipe; (echo through the fifo > pipe) & cat pipe; wait
echo "-- functions and exec"
f() { local x=1 2>/dev/null; echo "f $# $*"; return 3; }
f one "two words"; echo $?
env -i X=1 /usr/bin/env; (exec /bin/echo replaced)
yes | head -n 3 | wc -l
i=0; while [ $i -lt 30 ]; do /bin/true; i=$((i + 1)); done; echo "$i programs"
exit 5
