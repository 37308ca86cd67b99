# The demo, in a store, with a Debian base ($1). Each command is printed before it runs.
set -eu
run() { printf '$ %s\n' "$*" >&2; eval "$*"; }
say() { printf '\n==> %s\n' "$*" >&2; }
# Prints the image, after seconds, its ID, and the archives with size and time, which a second run must not change.
pipeline() {
    began=$(date +%s)
    image=$(run 'imgplan req.yml | imgbuild | imgload')
    seconds=$(($(date +%s) - began))
    state="$image $("$IMG_ENGINE" image inspect --format '{{.Id}}' "$image") $(stat -c '%n %s %Y' images/imgpipe-demo/*.tar)"
    echo "$image"
}

say putting it into the store
run "imgsave --project imgpipe-demo --variant base $1"

say the requirement
cat > req.yml <<'END'
project: imgpipe-demo
os: debian:12
compilers: [gcc-12]
packages: [libssl-dev, zlib1g-dev]
tools: [cmake, make]
END
run cat req.yml

say the pipeline
pipeline
first=$seconds before=$state

say a program that uses the compiler, both packages and both tools, compiled and run in the image
run "$IMG_ENGINE run --rm -i --network none $image sh" <<'INSIDE'
set -e
mkdir /tmp/demo
cd /tmp/demo
cat > CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.20)
project(demo CXX)
find_package(ZLIB REQUIRED)
find_package(OpenSSL REQUIRED)
add_executable(demo demo.cpp)
target_compile_features(demo PRIVATE cxx_std_20)
target_link_libraries(demo ZLIB::ZLIB OpenSSL::Crypto)
END
cat > demo.cpp <<'END'
#include <iostream>
#include <numeric>
#include <vector>
#include <openssl/crypto.h>
#include <zlib.h>
int main() {
    std::vector<int> numbers(100);
    std::iota(numbers.begin(), numbers.end(), 1);
    const int sum = std::reduce(numbers.begin(), numbers.end());
    std::cout << "compiled by g++ " << __VERSION__ << " with zlib " << zlibVersion() << " and "
              << OpenSSL_version(OPENSSL_VERSION) << "\nthe sum of 1 to 100 is " << sum << "\n";
    return sum == 5050 ? 0 : 1;
}
END
cmake . >&2
cmake --build . >&2
./demo
INSIDE

say the same pipeline again, with nothing to build and nothing to load
pipeline
if [ "$state" != "$before" ]; then
    printf 'the second run changed:\n%s\nto:\n%s\n' "$before" "$state" >&2
    exit 1
fi

say "done: $first s the first time, $seconds s the second time; in the store $PWD:"
ls -lh images/imgpipe-demo >&2
