# Completes the staged files ($1), and packs them into a tarball ($2), below a folder ($3), at a time ($4): without the users,
# times and order of this machine's files. Runs in the workspace.
set -e
strip "$1"/bin/*
mkdir -p "$1/share/doc/imgpipe"
cp -r README.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT docs "$1/share/doc/imgpipe"
tar --create --file - --directory "$1" --transform "s,^\.,$3," --sort=name --mtime="@$4" \
    --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX . | gzip -n -9 > "$2"
# Debian wants man pages compressed.
gzip -n -9 "$1"/share/man/man1/*
