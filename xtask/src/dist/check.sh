# Installs, uses and removes the package on standard input; the commands are the arguments. It fails if a file stays that was not
# there before, apart from dpkg's own.
set -eu
cat >/tmp/imgpipe.deb
files() {
    find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /var/lib/dpkg -o -path /var/log \
        -o -path /var/cache \) -prune -o -print | LC_ALL=C sort
}
files >/tmp/before
dpkg --install /tmp/imgpipe.deb >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }
files >/tmp/installed
for name; do
    "$name" --version
    for file in "/usr/share/man/man1/$name.1.gz" "/usr/share/bash-completion/completions/$name"; do
        dpkg --listfiles imgpipe | grep -qxF "$file" || { echo "$file is not in the package"; exit 1; }
    done
done
(cd / && md5sum --quiet --check /var/lib/dpkg/info/imgpipe.md5sums)
echo "$(($(wc -l </tmp/installed) - $(wc -l </tmp/before))) files and folders installed"
dpkg --purge imgpipe >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }
files >/tmp/after
diff /tmp/before /tmp/after || { echo "the package leaves something"; exit 1; }
if ls /var/lib/dpkg/info/imgpipe.* 2>/dev/null; then exit 1; fi
echo "nothing is left"
