# Makes a folder ($1) the root, with the target folder ($2) in it, and runs the rest. The folder is mounted on itself, because
# runc needs a mount as its root.
set -e
root=$1 target=$2
shift 2
mount --bind "$root" "$root"
for folder in dev sys tmp proc; do mount --rbind "/$folder" "$root/$folder"; done
mount -t tmpfs tmpfs "$root/run"
mkdir -p "$root$target"
mount --bind "$target" "$root$target"
exec chroot "$root" "$@"
