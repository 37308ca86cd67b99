# Mounts a user's folder ($1) and the workspace ($3), becomes the user ($2), and runs the rest.
set -e
user=$2 workspace=$3
mount --bind "$1" /mnt
for file in passwd group subuid subgid; do mount --bind "$1/etc/$file" "/etc/$file"; done
shift 3
mount --bind "$workspace" /mnt/workspace
# A folder above it may be closed to other users: then an empty one replaces the uppermost of these.
above=${workspace%/*}
while [ -n "$above" ]; do
    open=$(stat -c %A "$above" | cut -c 10)
    [ "$open" = x ] || [ "$open" = t ] || hidden=$above
    above=${above%/*}
done
if [ -n "${hidden:-}" ]; then
    mount -t tmpfs -o mode=755 tmpfs "$hidden"
    mkdir -p "$workspace"
    mount --bind /mnt/workspace "$workspace"
fi
cd /mnt/home
# The process that keeps podman's namespace ended with the last command. Two commands at once would each make a new one.
rm -f /mnt/data/tmp/pause.pid
exec setpriv --reuid "$user" --regid "$user" --init-groups -- sh -c 'podman unshare true; exec "$@"' sh "$@"
