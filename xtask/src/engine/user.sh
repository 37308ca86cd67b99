# Makes a folder ($1) for a user ($2), with the commands of a folder ($3), and the Debian base ($4) if it is there.
set -e
mkdir -p "$1"
cd "$1"
mkdir -p etc home data/runtime target/tmp target/cache target/debug/deps workspace
chmod 700 data/runtime
find . -exec chown "$2:$2" {} +
for file in passwd group subuid subgid; do cp "/etc/$file" etc; done
echo "imgpipe-test:x:$2:$2::/mnt/home:/bin/sh" >> etc/passwd
echo "imgpipe-test:x:$2:" >> etc/group
echo imgpipe-test:1000000:65536 | tee -a etc/subuid >> etc/subgid
echo 'Signature: 8a477f597d28d172789f06886806bc55' > target/CACHEDIR.TAG
cp "$3"/img* target/debug
[ ! -e "$4" ] || cp "$4" target/cache
