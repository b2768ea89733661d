# tar with each compressor as its child.
set -eu
seq 1 200000 | awk '{ print ($1 * 7919) % 200003 }' > numbers
mkdir -p tree/{a,b,c}/{1,2,3}; for d in tree/*/*; do for i in $(seq 5); do head -c $((i * 1000)) numbers > "$d/file $i"; done; done
ln -s ../a/1 tree/b/link; ln "tree/a/1/file 1" tree/hard; chmod 751 tree/c; mkfifo tree/fifo
for c in gzip bzip2 xz zstd; do command -v $c > /dev/null || continue; tar --sort=name --mtime=@0 --exclude fifo -cf t.$c -I $c tree; rm -rf out; mkdir out; tar -xf t.$c -C out; diff -r --no-dereference tree/a out/tree/a && echo "$c $(tar -tf t.$c | wc -l)"; done
tar -cf - tree | (cd out && tar -xpf - --overwrite); tar -cz tree | gzip -dc | tar -tvf - | awk '{ print $1 }' | sort | uniq -c; gzip -k numbers; zcat numbers.gz | cmp - numbers && echo zcat
