# Makes an image $1 with $2 megabytes of files ($ZEROS is 000), half noise and half text: of a system $3 $4, or `on` a base $4.
set -e
half=$(($2$ZEROS / 2))
mkdir -p "tree/usr/lib/$1" "tree/usr/share/$1" tree/etc context
head -c ${half}k /dev/urandom | split -a 4 -b 160k - "tree/usr/lib/$1/"
od -An -v -tx1 /dev/urandom | head -c ${half}k | split -a 4 -b 160k - "tree/usr/share/$1/"
[ "$3" = on ] || printf 'ID=%s\nVERSION_ID=%s\n' "$3" "$4" > tree/etc/os-release
tar -cf context/layer.tar -C tree .
if [ "$3" = on ]; then
    printf 'FROM %s\nADD layer.tar /\n' "$4" > context/Dockerfile
    "$E" build -q -t "$1" context
else
    "$E" import --change 'LABEL imgpipe.bench=1' context/layer.tar "$1"
fi
rm -r tree context
