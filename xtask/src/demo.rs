//! The whole pipeline at work, on real input.

use std::time::Instant;

use camino::Utf8Path;

use crate::cmd::{Cmd, cargo, sh, variable};
use crate::engine::Engine;
use crate::folders::{cache, create, programs, remove};
use crate::{Error, debian};

/// The names of the demo's images: the base, if it has to be made; and both images of the store.
const IMAGES: [&str; 3] = [
    "imgpipe-demo-debian:12",
    "imgpipe-demo-debian-12-base:latest",
    "imgpipe-demo-debian-12-gcc12:latest",
];
/// A job as a project would ask for it.
const REQUIREMENT: &str = "\
project: imgpipe-demo
os: debian:12
compilers: [gcc-12]
packages: [libssl-dev, zlib1g-dev]
tools: [cmake, make]
";
/// Uses the compiler, both packages and both tools of the requirement. A script for `sh`.
const SCRIPT: &str = r#"
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
    std::cout << "compiled by g++ " << __VERSION__ << " with zlib " << zlibVersion() << " and "
              << OpenSSL_version(OPENSSL_VERSION) << "\nthe sum of 1 to 100 is "
              << std::reduce(numbers.begin(), numbers.end()) << "\n";
}
END
cmake . >&2
cmake --build . >&2
./demo
"#;
/// The output of the program, so that the demo fails if it does not work.
const EXPECTED: &str = "the sum of 1 to 100 is 5050";
/// The archives with size and time, to see if the pipeline wrote one.
const ARCHIVES: &str = "stat -c '%n %s %Y' images/imgpipe-demo/*.tar";

/// Runs the demo.
pub(crate) fn run(target: &Utf8Path) -> Result<(), Error> {
    let store = target.join("demo/store");
    let engine = Engine::find_or_start(target)?;

    say("building the commands");
    let packages = "--package imgplan --package imgbuild --package imgload --package imgsave";
    cargo(&format!("build --quiet {packages}")).run()?;

    say("a Debian 12 to start from");
    let base = debian::base(engine.program(), &cache(target), IMAGES[0])?;
    eprintln!("using {base}");

    say("putting it into the store");
    create(&store)?;
    let requirement = store.join("req.yml");
    std::fs::write(&requirement, REQUIREMENT).map_err(Error::io(&requirement))?;
    let programs = programs().map_err(Error::io("the commands' folder"))?;
    let path = format!("{programs}:{}", variable("PATH").unwrap_or_default());
    let shell = |line: &str| -> Cmd {
        let command = engine.surround(sh(line)).folder(&store);
        command
            .variable("PATH", &path)
            .variable("IMG_REGISTRY", store.join("image-registry.yml"))
    };
    let shown = |line: &str| {
        eprintln!("$ {line}");
        let output = shell(line).read()?;
        println!("{output}");
        Ok(output)
    };
    shown(&format!(
        "imgsave --project imgpipe-demo --variant base {base}"
    ))?;

    say("the requirement");
    eprint!("{REQUIREMENT}");

    // The image, its ID, the archives, and the seconds that it took.
    let pipeline = || -> Result<_, Error> {
        let started = Instant::now();
        let image = shown("imgplan req.yml | imgbuild | imgload")?;
        let time = started.elapsed().as_secs_f64();
        let id = engine
            .cmd("image inspect --format {{.Id}}")
            .arg(&image)
            .read()?;
        Ok(((image, id, shell(ARCHIVES).read()?), time))
    };
    say("the pipeline");
    let (first, first_time) = pipeline()?;

    say("a program, compiled and run in the image");
    eprintln!(
        "$ {} run --rm -i --network none {} sh    # cmake, make, ./demo",
        engine.program(),
        first.0
    );
    let compile = engine
        .cmd("run --rm -i --network none")
        .args([&first.0, "sh"]);
    let output = compile.input(SCRIPT).read()?;
    println!("{output}");
    if !output.contains(EXPECTED) {
        return Err(Error::Wrong(format!(
            "the program did not print `{EXPECTED}`"
        )));
    }

    say("the same pipeline again, with nothing to build and nothing to load");
    let (second, second_time) = pipeline()?;
    if second != first {
        return Err(Error::Wrong(format!(
            "the second run changed {first:?} to {second:?}"
        )));
    }

    say("done");
    eprintln!("first time   {first_time:>7.1} s\nsecond time  {second_time:>7.1} s");
    eprintln!(
        "in the store, {store}:\n{}",
        shell("ls -lh images/imgpipe-demo").read()?
    );
    if engine.is_private() {
        eprintln!("the private engine ends now, with its images; the store stays");
    }
    eprintln!("`cargo xtask demo --clean` removes all of it");
    Ok(())
}

/// Removes the files and images of demos.
pub(crate) fn clean(target: &Utf8Path) -> Result<(), Error> {
    let folder = target.join("demo");
    if !folder.exists() {
        return Ok(());
    }
    match Engine::find()? {
        Some(engine) => {
            for image in IMAGES.iter().rev() {
                if engine.cmd("image inspect").arg(image).succeeds()? {
                    engine.cmd("rmi").arg(image).run_quietly()?;
                    eprintln!("removed {image} from the engine");
                }
            }
        }
        None => eprintln!("no container engine answers; images of the demo stay in it"),
    }
    remove(&folder)?;
    eprintln!("removed {folder}");
    Ok(())
}

fn say(headline: &str) {
    eprintln!("\n==> {headline}");
}
