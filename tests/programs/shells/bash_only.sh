# What bash has beyond POSIX.
set -u -o pipefail
diff <(seq 1 5) <(seq 2 6); echo "diff $?"
tee >(sort -r > reversed) < <(printf 'a\nb\nc\n'); sleep 0.3; cat reversed
false | true; echo "pipefail $? ${PIPESTATUS[*]-}"
declare -A map=([one]=1 [two]=2); for k in one two; do echo "$k ${map[$k]}"; done
coproc worker { while read -r line; do echo "<$line>"; done; }
echo hello >&"${worker[1]}"; read -r answer <&"${worker[0]}"; echo "$answer"
input=${worker[1]}; exec {input}>&-; wait "$worker_PID"; echo "coproc $?"
for i in 3 1 2; do (sleep 0.$i; exit "$i") & done
ended=(); for i in 1 2 3; do wait -n; ended+=("$?"); done; printf 'ended %s\n' "${ended[@]}" | sort
cat <<< "here string"; mapfile -t lines < <(seq 3); echo "${#lines[@]} ${lines[2]}"
read -r -t 0.1 x < <(sleep 1; echo late); echo "timeout $(( $? > 128 ))"
trap 'echo "err at $LINENO"' ERR; false; trap - ERR
trap 'children=$((children + 1))' CHLD; set -m; children=0; for i in 1 2 3; do /bin/true & wait $!; done; echo "children $children"; set +m
time_words=$( { time /bin/true; } 2>&1 | wc -w); echo "time $time_words"
ulimit -n 100; ulimit -n
exec {fd}<>both; echo data >&$fd; cat both
printf '%(%Y)T\n' 0; echo "${BASH_VERSION%%.*} $BASHPID" | cut -d' ' -f1
shopt -s globstar; mkdir -p x/y/z; touch x/1 x/y/2 x/y/z/3; echo x/**
( ulimit -c 0; kill -SEGV $BASHPID ); echo "segv $?"
history -s one; echo "$(( 2 ** 40 )) ${RANDOM:+random} $(printf '%q' 'a b')"
