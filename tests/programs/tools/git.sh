# A repository's life.
set -eu
export HOME=$PWD GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_DATE='2024-01-01T00:00:00Z' GIT_COMMITTER_DATE='2024-01-01T00:00:00Z' GIT_PAGER=cat
git config --global user.name Someone; git config --global user.email someone@example.org; git config --global init.defaultBranch main; git config --global gc.auto 0
git init -q repo; cd repo
for i in $(seq 60); do mkdir -p d$((i % 6)); seq $i $((i + 200)) > d$((i % 6))/f$i; done
git add .; git commit -q -m first; for i in 1 2 3 4 5; do echo "$i" >> d1/f1; git commit -qam "change $i"; done
git checkout -q -b side HEAD~3; echo side > side; git add side; git commit -qm side; git checkout -q main; git merge -q -m merge side; git log --oneline --graph | cat
git tag -a v1 -m tagged; git status --short; git diff --stat HEAD~2 | cat; git stash list; echo changed >> side; git stash -q; git stash pop -q; git checkout -q -- side
git rebase -q --onto side HEAD~1 2>&1 | head -n 1 || true; git grep -n '^200$' | head -n 2; git blame -s d1/f1 | tail -n 1; git archive HEAD d1 | tar -t | wc -l
git fsck --full 2>&1 | head -n 3; git config pack.threads 1; git gc -q --prune=now; git count-objects -v | grep -E '^(count|packs|in-pack)'; git fsck --full --strict
cd ..; git clone -q repo clone; git clone -q --bare --no-local repo bare.git; git clone -q "file://$PWD/bare.git" third; cd third; echo more > more; git add more; git commit -qm more; git push -q origin HEAD:refs/heads/pushed; cd ../bare.git; git log --oneline pushed -1 | cat; git fsck; git config pack.threads 1; git repack -adq; git verify-pack -v objects/pack/*.idx | wc -l
