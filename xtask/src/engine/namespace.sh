# Runs a command in its own mount, network and process namespaces, with a network in user mode. They end with the command, with
# this script, and with the parent of both. The number of a process in them is written to the file $1.
file=$1
shift
# unshare ignores SIGTERM. If it is killed, its child gets SIGTERM.
setpriv --pdeathsig KILL unshare --mount --net --pid --fork --kill-child=TERM --mount-proc "$@" &
process=$!
own=$(readlink /proc/self/ns/net)
until other=$(readlink "/proc/$process/ns/net") && [ "$other" != "$own" ]; do
    kill -0 "$process" || exit
    sleep 0.1
done
echo "$process" > "$file"
# Large packets are faster, and never leave the machine in this size.
setpriv --pdeathsig KILL slirp4netns --configure --mtu=65520 "$process" tap0 &
while kill -0 "$process" && kill -0 $!; do sleep 0.2; done
