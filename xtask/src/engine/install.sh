# Installs engines into the system in a folder ($1), with what they recommend for images, and no more. Sources that lag behind
# are good enough for tests, and still signed.
set -e
root=$1
mount -t proc proc "$root/proc"
apt() { DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get --quiet -o Acquire::Check-Valid-Until=false "$@"; }
apt update
apt install --yes --no-install-recommends \
    docker.io docker-cli docker-buildx iptables ca-certificates podman runc netavark
apt clean
